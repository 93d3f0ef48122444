#!/bin/bash
# Starts MariaDB for a group's own site; `database health` says whether it answers.
#
# In: DATABASE_NAME. Out: a database of that name and a user of that name who may use it alone; his password in
# /run/secrets/database/password, drawn at the first start. Never: a password that is not drawn here, a way in for root but by the socket.
set -euo pipefail
data=/var/lib/mysql socket=/run/mysqld/mysqld.sock secret=/run/secrets/database/password

if [[ ${1-} == health ]]; then
    exec mariadb-admin --socket="$socket" --silent ping
fi
name=${DATABASE_NAME:-site}
[[ $name =~ ^[a-z][a-z0-9_]{0,30}$ ]] || { echo "refused: DATABASE_NAME is not 1 to 31 of a-z, 0-9 and _, a letter first" >&2; exit 78; }

if [[ ! -s $secret ]]; then
    [[ ! -d $data/mysql ]] || { echo "refused: there is a database, but $secret is gone: put it back" >&2; exit 78; }
    (umask 022 && head -c 24 /dev/urandom | base64 | tr '+/' '-_' >"$secret.new" && sync "$secret.new" && mv "$secret.new" "$secret")
fi
export TMPDIR=/run/mysqld
if [[ ! -d $data/mysql ]]; then
    rm -rf "${data:?}"/* "${data:?}"/.[!.]*
    mariadb-install-db --no-defaults --datadir="$data/new" --auth-root-authentication-method=socket --auth-root-socket-user=mysql --skip-test-db \
        >/run/mysqld/install.log 2>&1 || { tail -n 20 /run/mysqld/install.log >&2; exit 1; }
    # What shows that it is whole comes last.
    find "$data/new" -mindepth 1 -maxdepth 1 -not -name mysql -exec mv -t "$data" {} +
    mv "$data/new/mysql" "$data/" && rmdir "$data/new"
fi
# At every start the same: what an interrupted first one left out is made up for.
init=/run/mysqld/init.sql
(umask 077 && cat >"$init" <<END
CREATE DATABASE IF NOT EXISTS \`$name\` CHARACTER SET utf8mb4;
CREATE USER IF NOT EXISTS '$name'@'%';
SET PASSWORD FOR '$name'@'%' = PASSWORD('$(<"$secret")');
GRANT ALL ON \`$name\`.* TO '$name'@'%';
END
)
exec mariadbd --no-defaults --datadir="$data" --socket="$socket" --pid-file=/run/mysqld/pid --bind-address=0.0.0.0 \
    --skip-name-resolve --local-infile=0 --init-file="$init" --tmpdir=/run/mysqld --secure-file-priv=/run/mysqld
