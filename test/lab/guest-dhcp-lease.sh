#!/bin/sh
# Called by udhcpc: sets the address of the lease, and says it (see guest-init.sh).

export PATH=/bin:/sbin
case "$1" in
  bound | renew)
    ip address flush dev "$interface"
    ip address add "$ip/$mask" dev "$interface"
    [ "$1" = bound ] && echo "<1>GUEST address $interface=$ip" >/dev/kmsg
    ;;
  deconfig)
    ip address flush dev "$interface"
    ;;
esac
exit 0
