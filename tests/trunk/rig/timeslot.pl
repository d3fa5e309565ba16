# Sends bursts on a timeslot that a switch of the laboratory has open, until one comes back bit by bit; tells whether one did.
# perl timeslot.pl PID CHANNEL BURSTS
#
# DAHDI opens a channel once; so the switch's own file is used, by a copy of it. The numbers are those of Linux (pidfd_open,
# pidfd_getfd) and of dahdi/user.h (DAHDI_CHANNO, DAHDI_FLUSH, DAHDI_GETEVENT).
#
# A burst is three words of 8 octets, as many as DAHDI passes on at once, each for 20 ms. A loop holds one of these; the guest's
# DAHDI catches up on several milliseconds in one go, sends that one as often, and misses those that come meanwhile.
($pid, $wanted, $bursts) = @ARGV;
$process = syscall(434, $pid + 0, 0);
opendir(FILES, "/proc/$pid/fd") or die "no process $pid";
for $file (readdir FILES) {
    next unless (readlink("/proc/$pid/fd/$file") || "") =~ m{^/dev/dahdi/};
    open($each, "+<&=", syscall(438, $process, $file + 0, 0)) or next;
    $number = pack("i", 0);
    next unless ioctl($each, 0x8004da22, $number) and unpack("i", $number) == $wanted;
    $line = $each;
    last;
}
die "channel $wanted is not open" unless $line;

$whole = "no";
for (1 .. $bursts) {
    last if $whole eq "yes";
    @words = map { join "", map { chr int rand 255 } 1 .. 8 } 1 .. 3;
    $both = pack("i", 3);
    ioctl($line, 0x4004da03, $both);
    syswrite($line, $_ x 20) for @words;
    $heard = "";
    for (1 .. 100) {
        if (sysread($line, $piece, 160)) { $heard .= $piece }
        else {
            $event = pack("i", 0);
            ioctl($line, 0x8004da08, $event);
            select(undef, undef, undef, 0.005);
        }
        @back = ();
        for $word (grep { $_ ne "\xff" x 8 } unpack("(a8)*", $heard)) {
            push @back, $word unless @back and $back[-1] eq $word;
        }
        if ("@back" eq "@words") { $whole = "yes"; last }
    }
}
print "$whole\n";
