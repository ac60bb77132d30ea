# Runs a program again and again, and reaps what becomes an orphan below it: `perl -e "$(cat reaper.pl)" libvirtd`. Each line
# "start" on standard input starts it, SIGTERM is passed on to it, and its status is printed on file descriptor 3. libvirt
# waits for a QEMU that it ended until that has been reaped, which in a container the first process may do seconds later, or
# never; so the reaper outlives the program, whose QEMUs it would lose by its own end.
use strict;
use warnings;
use POSIX qw(WNOHANG);

# prctl(PR_SET_CHILD_SUBREAPER, 1); Perl's own lists of these numbers are not on every Debian.
my $prctl = { x86_64 => 157, aarch64 => 167 }->{ (POSIX::uname())[4] };
syscall($prctl, 36, 1, 0, 0, 0) if defined $prctl;

open my $report, '>&=', 3 or die "file descriptor 3: $!\n";
$report->autoflush(1);

my $program;
$SIG{TERM} = sub { kill TERM => $program if $program };
$SIG{CHLD} = sub {
  while ((my $ended = waitpid(-1, WNOHANG)) > 0) {
    next unless defined $program && $ended == $program;
    undef $program;
    print {$report} ($? & 127 ? "signal " . ($? & 127) : "status " . ($? >> 8)) . "\n";
  }
};

while (defined(my $line = <STDIN>)) {
  # Until its number is known, the program can't have been reaped.
  my $blocked = POSIX::SigSet->new(POSIX::SIGCHLD);
  POSIX::sigprocmask(POSIX::SIG_BLOCK, $blocked);
  $program = fork() // die "fork: $!\n";
  POSIX::sigprocmask(POSIX::SIG_UNBLOCK, $blocked);
  next if $program;
  $SIG{$_} = 'DEFAULT' for qw(TERM CHLD);
  open STDIN, '<', '/dev/null';
  POSIX::close(3);
  exec { $ARGV[0] } @ARGV or die "$ARGV[0]: $!\n";
}
# Whoever started it is gone; the lab ends it.
sleep while 1;
