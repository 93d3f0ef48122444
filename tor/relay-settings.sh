# Sourced: the settings of a relay, checked, as lines of a torrc. What makes a host a relay and what makes a container one share it.
#
# In: variables named PREFIX_NICKNAME and so on. Out: `relay_lines PREFIX` prints the lines; or says on stderr, for each setting,
# what is wrong with it, and returns 1. Never: a value passed on that has not matched its pattern, so that none can end its line.

relay_lines() {
    local prefix=$1 wrong=0 fingerprint family='' line
    local LC_ALL=C rate='^([0-9]{1,9}) (K|M|G)(Bits|Bytes)$'
    setting NICKNAME '^[A-Za-z0-9]{1,19}$' 'a name of 1 to 19 letters and digits, by which the relay is listed' &&
        echo "Nickname $value"
    setting CONTACT '^[ -~]{3,200}$' 'how people reach you, 3 to 200 plain characters; it is published' &&
        echo "ContactInfo $value"
    setting PORT '^[1-9][0-9]{0,4}$' 'a port, 1 to 65535, that the world can reach' 9001 && {
        ((value <= 65535)) || wrong "${prefix}_PORT: $value is no port"
        echo "ORPort $value IPv4Only"
    }
    setting ADDRESS '^[0-9A-Za-z.-]{1,253}$' 'the public IPv4 address, or a name that leads to it' - && [[ ! $value ]] || echo "Address $value"
    setting BANDWIDTH "$rate" 'a rate such as "10 MBits" or "2 MBytes" (a second)' '10 MBits' && {
        # Below, tor itself refuses to be a relay.
        (($(bytes "$value") >= 76800)) || wrong "${prefix}_BANDWIDTH: a relay needs 75 KBytes a second at the least"
        echo "RelayBandwidthRate $value"
        local slowest=$value
        setting BURST "$rate" 'a rate as for the bandwidth, and no less' "$value" && {
            (($(bytes "$value") >= $(bytes "$slowest"))) || wrong "${prefix}_BURST: $value is less than the bandwidth, $slowest"
            echo "RelayBandwidthBurst $value"
        }
    }
    setting MONTHLY '^[1-9][0-9]{0,6} (MBytes|GBytes|TBytes)$' 'how much it may send, and receive, in a month, such as "500 GBytes"' - &&
        [[ ! $value ]] || printf 'AccountingStart month 1 00:00\nAccountingMax %s\n' "$value"
    setting FAMILY '^[ ,$0-9A-Fa-f]*$' 'the fingerprints of your other relays, 40 hexadecimal digits each' - && {
        for fingerprint in ${value//,/ }; do
            fingerprint=${fingerprint#\$}
            [[ $fingerprint =~ ^[0-9A-Fa-f]{40}$ ]] || wrong "${prefix}_FAMILY: $fingerprint has not 40 hexadecimal digits"
            family+=${family:+,}${fingerprint^^}
        done
        [[ ! $family ]] || echo "MyFamily $family"
    }
    return $wrong
}

# NAME PATTERN MEANING [DEFAULT]; without a default it has to be given, `-` is for those that may be left out. Sets `value`.
setting() {
    local name=${prefix}_$1
    value=${!name-}
    [[ $value ]] || { (($# > 3)) && value=$4 && [[ $4 == - ]] && value='' && return; }
    [[ $value ]] || { wrong "$name is not set: $3"; return 1; }
    [[ $value =~ $2 ]] || { wrong "$name is not $3"; return 1; }
}

wrong() {
    echo "$*" >&2
    wrong=1
}

# A rate's bytes a second, as tor reckons: powers of two.
bytes() {
    [[ $1 =~ $rate ]] || return
    local number=$((10#${BASH_REMATCH[1]})) unit=${BASH_REMATCH[2]} of=${BASH_REMATCH[3]}
    case $unit in K) number=$((number << 10)) ;; M) number=$((number << 20)) ;; G) number=$((number << 30)) ;; esac
    [[ $of == Bytes ]] || number=$((number / 8))
    echo "$number"
}
