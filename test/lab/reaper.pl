# Runs a program, and reaps what becomes an orphan below it: `perl -e "$(cat reaper.pl)" libvirtd`. Ends when the program does, with
# its status. libvirt waits for a QEMU that it ended until that has been reaped, which in a container the first process
# may do seconds later, or never.
use strict;
use warnings;
use POSIX ();

# prctl(PR_SET_CHILD_SUBREAPER, 1); Perl's own lists of these numbers are not on every Debian.
my $prctl = { x86_64 => 157, aarch64 => 167 }->{ (POSIX::uname())[4] };
syscall($prctl, 36, 1, 0, 0, 0) if defined $prctl;

my $program;
$SIG{TERM} = sub { kill TERM => $program if $program };
$program = fork() // die "fork: $!\n";
if ($program == 0) {
  exec { $ARGV[0] } @ARGV or die "$ARGV[0]: $!\n";
}
1 until wait() == $program;
exit($? & 127 ? 128 + ($? & 127) : $? >> 8);
