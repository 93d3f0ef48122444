#!/usr/bin/perl
# Says commands to the tor in this container, and prints its answers.
#
#   control COMMAND...                  ends with 1 where tor refuses one or is silent for 5 s
#   control --until SECONDS REGEX COMMAND...
#                                       goes on to print events, until one matches; ends with 1 where none does in time
use strict;
use warnings;
use IO::Socket::UNIX;

my ($seconds, $wanted) = (5, undef);
if (@ARGV && $ARGV[0] eq '--until') {
    (undef, $seconds, $wanted) = splice @ARGV, 0, 3;
}
$SIG{ALRM} = sub { print STDERR "control: nothing of that within $seconds s\n"; exit 1 };
alarm $seconds;

my $tor = IO::Socket::UNIX->new('/run/tor/control') or die "control: tor does not run\n";
for my $command ('AUTHENTICATE', @ARGV) {
    print $tor "$command\r\n";
    my $status = '';
    while ($status !~ /^\d{3} / || $status =~ /^650/) {
        $status = <$tor> // die "control: tor hung up\n";
        print $status if $command ne 'AUTHENTICATE';
    }
    die "control: tor refuses: $status" if $status !~ /^2/;
}
while (defined $wanted) {
    my $line = <$tor> // die "control: tor hung up\n";
    print $line;
    exit 0 if $line =~ /$wanted/;
}
