#!/usr/bin/env bash
# One Ceph node with an S3 gateway on loopback, all in memory, for the process that starts it.
# Usage: ceph-gateway.sh FOLDER MON_PORT GATEWAY_PORT PARENT_PID. Runs until the parent is gone, then removes the folder.
set -euo pipefail
folder=$1 mon_port=$2 gateway_port=$3 parent=$4
fsid=$(cat /proc/sys/kernel/random/uuid) osd=$(cat /proc/sys/kernel/random/uuid)
export CEPH_CONF=$folder/ceph.conf
mkdir -p "$folder"/{mon,osd,mgr,run}

cat >"$CEPH_CONF" <<CONF
[global]
fsid = $fsid
mon host = v2:127.0.0.1:$mon_port
mon initial members = a
public addr = 127.0.0.1
cluster addr = 127.0.0.1
auth cluster required = none
auth service required = none
auth client required = none
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon max pg per osd = 1000
osd objectstore = memstore
memstore device bytes = 4294967296
run dir = $folder/run
admin socket = $folder/run/\$name.asok
log file = $folder/log
log to stderr = false
mon cluster log file = $folder/cluster.log
[mon.a]
mon data = $folder/mon
[osd.0]
osd data = $folder/osd
osd uuid = $osd
[mgr.x]
mgr data = $folder/mgr
[client.gateway]
ms mon client mode = crc
rgw frontends = beast endpoint=127.0.0.1:$gateway_port
rgw data = $folder/mgr
rgw enable usage log = false
CONF

children=()
stop() { kill "${children[@]}" 2>/dev/null || true; sleep 0.2; kill -9 "${children[@]}" 2>/dev/null || true; rm -rf "$folder"; }
trap stop EXIT

monmaptool --create --addv a "[v2:127.0.0.1:$mon_port]" --fsid "$fsid" "$folder/monmap" >/dev/null
ceph-mon --mkfs -i a --monmap "$folder/monmap"
ceph-mon -f -i a & children+=($!)
ceph config set global mon_warn_on_pool_no_redundancy false
ceph osd new "$osd" >/dev/null
ceph-osd -i 0 --mkfs --osd-uuid "$osd" >/dev/null 2>&1
ceph-osd -f -i 0 >/dev/null 2>&1 & children+=($!)
ceph-mgr -f -i x >/dev/null 2>&1 & children+=($!)
radosgw-admin -n client.gateway user create --uid=larder --display-name=larder --access-key=larder --secret-key=larder-secret >/dev/null 2>>"$folder/log"
radosgw -f -n client.gateway >/dev/null 2>&1 & children+=($!)
echo $! >"$folder/gateway.pid"
touch "$folder/started"
while kill -0 "$parent" 2>/dev/null; do sleep 0.5; done
