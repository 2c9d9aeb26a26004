#!/bin/sh
# Makes a CA, a server certificate and a client certificate for mutual TLS with BuildKit.
#
#   ./make-certificates.sh FOLDER HOST [DAYS]
#
# HOST is the name or the IPv4 address that clients connect to. An existing CA in FOLDER is used again, so that new
# certificates can be made before the old ones expire. Keep ca-key.pem away from the CI system and from the server.
set -eu
umask 077

folder=${1:?"usage: $0 FOLDER HOST [DAYS]"}
host=${2:?"usage: $0 FOLDER HOST [DAYS]"}
days=${3:-365}

case $host in
    *[!0-9.]*) name=DNS:$host ;;
    *) name=IP:$host ;;
esac

mkdir -p "$folder"
cd "$folder"

if [ ! -e ca-key.pem ]; then
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -sha256 -days 3650 \
        -subj "/CN=buildkit CA" -addext "keyUsage=critical,keyCertSign,cRLSign" \
        -keyout ca-key.pem -out ca.pem 2>/dev/null
fi

# certificate NAME SUBJECT EXTENSIONS
certificate() {
    printf '%s\n' "$3" >"$1.ext"
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -sha256 \
        -subj "/CN=$2" -keyout "$1-key.pem" -out "$1.csr" 2>/dev/null
    openssl x509 -req -sha256 -days "$days" -in "$1.csr" -extfile "$1.ext" \
        -CA ca.pem -CAkey ca-key.pem -CAcreateserial -out "$1-cert.pem" 2>/dev/null
    rm -f "$1.csr" "$1.ext"
}

certificate server "$host" "subjectAltName=$name
keyUsage=critical,digitalSignature
extendedKeyUsage=serverAuth"

certificate client "buildkit client" "keyUsage=critical,digitalSignature
extendedKeyUsage=clientAuth"

# What BUILDKIT_TLS_DIR is set to: the names that buildx-tasks looks for.
mkdir -p client
cp ca.pem client/ca.pem
mv client-cert.pem client/cert.pem
mv client-key.pem client/key.pem
echo "for the server: $folder/ca.pem $folder/server-cert.pem $folder/server-key.pem"
echo "for clients:    $folder/client/"
