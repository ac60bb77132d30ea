#!/bin/sh
# What the guest agent calls for guest-shutdown: `shutdown -h|-P|-H|-r +0 …`. The power button calls it bare.
case "$1" in
  -r)
    echo "<1>GUEST rebooting" >/dev/kmsg
    reboot -f
    ;;
  *)
    echo "<1>GUEST powering off" >/dev/kmsg
    poweroff -f
    ;;
esac
