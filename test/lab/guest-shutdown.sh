#!/bin/sh
# Turns the guest off. The power button calls it bare; for guest-shutdown the guest agent calls
# `shutdown -h -P|-H|-r +0 …`.
case " $* " in
  *" -r "*)
    echo "<1>GUEST rebooting" >/dev/kmsg
    reboot -f
    ;;
  *)
    echo "<1>GUEST powering off" >/dev/kmsg
    poweroff -f
    ;;
esac
