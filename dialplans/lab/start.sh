# Runs in the guest: network, cables, 2M spans, the two switches, and the host's commands.
ip=/usr/bin/ip # not the one of busybox, which lays no cables
$ip addr add 10.0.2.15/24 dev eth0
$ip link set eth0 up
$ip route add default via 10.0.2.2
hostname guest; echo "10.0.2.15 guest" >> /etc/hosts
sh /job/cables
dahdi_cfg -c /job/system.conf -v > /run/dahdi.log 2>&1 || echo "dahdi_cfg failed" >> /run/dahdi.log
sh /job/switch exchange
sh /job/switch node
exec sh /job/agent
