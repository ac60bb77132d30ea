#!/bin/sh
# The lab guest's first and only program. What it has to say goes through /dev/kmsg, so that a line is never
# cut in two by one of the kernel's:
#   GUEST booted
#   GUEST memtotal_kb=908816 online=7 offline=0 uptime=3.41 nodes=0-1 node_kb=646672,262144
#                                          at boot, and again whenever it changes; the NUMA nodes that have memory,
#                                          and what each node has, where the kernel knows of nodes
#   GUEST cpus=0-1                         the CPUs that are online, at boot, and again whenever they change
#   GUEST disks vda=65536,sr0=0                                 in KiB, at boot and whenever they change
#   GUEST nics eth0=52:54:00:12:34:56/up                        with the link's state, likewise; no loopback
#   GUEST address eth0=10.0.2.15                                what DHCP gave
#   GUEST agent started
#   GUEST powering off                                          also: GUEST rebooting
#   GUEST holds on                                              with lab.holds_on
# Switches on the kernel's command line: lab.noacpi (the power button does nothing), lab.noagent, lab.agent_later (the
# agent starts once there is memory that is offline), lab.holds_on (the kernel itself uses the first memory that is
# plugged in and can't give it up; what comes later is movable).

export PATH=/bin:/sbin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev

# Without this the kernel drops lines when there are more than ten in five seconds.
echo on >/proc/sys/kernel/printk_devkmsg

# Level 1 (alert) shows on the console with `quiet` too.
say() {
  echo "<1>GUEST $*" >/dev/kmsg
}

read -r command_line </proc/cmdline
switched_on() {
  case " $command_line " in
    *" $1 "*) return 0 ;;
    *) return 1 ;;
  esac
}

load_modules() {
  while read -r module; do
    insmod "/lib/modules/$module" || say "module $module refused"
  done <"$1"
}
load_modules /etc/modules

say booted

load_modules /etc/device-modules &

watch_power_button() {
  for name in /sys/class/input/event*/device/name; do
    read -r input <"$name"
    [ "$input" = "Power Button" ] || continue
    event=${name#/sys/class/input/}
    # One input_event is 24 bytes; any of them from this device is a press.
    dd if="/dev/input/${event%%/*}" of=/dev/null bs=24 count=1 2>/dev/null && /sbin/shutdown
  done
}
switched_on lab.noacpi || watch_power_button &

agent=none
start_agent() {
  for name in /sys/class/virtio-ports/*/name; do
    [ -e "$name" ] || continue
    read -r port <"$name"
    [ "$port" = org.qemu.guest_agent.0 ] || continue
    device=${name#/sys/class/virtio-ports/}
    qemu-ga -m virtio-serial -p "/dev/${device%%/*}" -t /run -f /run/qemu-ga.pid >/run/qemu-ga.log 2>&1 &
    agent=started
    say agent started
  done
}
switched_on lab.noagent && agent=unwanted
switched_on lab.agent_later && agent=later

# Shell built-ins alone: under emulation every process started costs several milliseconds.
memory=
look_at_memory() {
  online=0
  offline=0
  for block in /sys/devices/system/memory/memory*/state; do
    read -r state <"$block" || continue
    if [ "$state" = online ]; then online=$((online + 1)); else offline=$((offline + 1)); fi
  done
  # Last: a block counts as online once its pages do, so that the total is never behind the blocks.
  while read -r field kilobytes _; do
    [ "$field" = MemTotal: ] && break
  done </proc/meminfo
  nodes=
  node_kb=
  [ -e /sys/devices/system/node/has_memory ] && read -r nodes </sys/devices/system/node/has_memory
  for node in /sys/devices/system/node/node*/meminfo; do
    read -r _ _ _ own _ <"$node" && node_kb=$node_kb${node_kb:+,}$own
  done
  now="memtotal_kb=$kilobytes online=$online offline=$offline"
  [ "$now $nodes $node_kb" = "$memory" ] && return
  memory="$now $nodes $node_kb"
  read -r uptime _ </proc/uptime
  say "$now uptime=$uptime nodes=$nodes node_kb=$node_kb"
}

cpus=
look_at_cpus() {
  read -r now </sys/devices/system/cpu/online
  [ "$now" = "$cpus" ] && return
  cpus=$now
  say "cpus=$now"
}

disks=none
look_at_disks() {
  now=
  for block in /sys/block/*/size; do
    read -r sectors <"$block" || continue
    block=${block#/sys/block/}
    now=$now${now:+,}${block%/size}=$((sectors / 2))
  done 2>/dev/null
  [ "$now" = "$disks" ] && return
  disks=$now
  say "disks $disks"
}

nics=none
leased=" "
look_at_nics() {
  now=
  present=" "
  for card in /sys/class/net/*/address; do
    read -r mac <"$card" || continue
    card=${card#/sys/class/net/}
    card=${card%/address}
    [ "$card" = lo ] && continue
    present="$present$card "
    case "$leased" in
      *" $card "*) ;;
      *)
        ip link set "$card" up
        udhcpc -i "$card" -s /sbin/dhcp-lease -p "/run/dhcp-$card.pid" -t 30 -T 1 -b >/dev/null 2>&1 &
        ;;
    esac
    link=down
    read -r carrier <"/sys/class/net/$card/carrier" && [ "$carrier" = 1 ] && link=up
    now=$now${now:+,}$card=$mac/$link
  done 2>/dev/null
  for card in $leased; do
    case "$present" in
      *" $card "*) ;;
      *) read -r pid <"/run/dhcp-$card.pid" && kill "$pid" ;;
    esac
  done 2>/dev/null
  leased=$present
  [ "$now" = "$nics" ] && return
  nics=$now
  say "nics $nics"
}

# A buffer for tracing, of any size, lies in the kernel's own memory: that can't be moved, and is taken from above
# 4 GiB first.
boot_blocks=
hold_on() {
  [ -n "$boot_blocks" ] || boot_blocks=$online
  [ "$online" -gt "$boot_blocks" ] || return
  holds_on=done
  mount -t tracefs tracefs /sys/kernel/tracing
  echo 65536 >/sys/kernel/tracing/buffer_size_kb &&
    echo online_movable >/sys/devices/system/memory/auto_online_blocks &&
    say holds on
}
holds_on=no
switched_on lab.holds_on && holds_on=wanted

while :; do
  look_at_memory
  look_at_cpus
  look_at_disks
  look_at_nics
  [ "$holds_on" = wanted ] && hold_on
  [ "$agent" = later ] && [ "$offline" -gt 0 ] && agent=none
  [ "$agent" = none ] && start_agent
  sleep 0.2
done
