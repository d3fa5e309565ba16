# How late the guest comes, at most, to what it shall do in 4 ms: asks again and again until the file is there, then tells it in ms.
# perl late.pl FILE
#
# The emulated clock stands still while the guest has nothing to do, and then goes on by as much as the machine has let it wait. The
# number is that of Linux (clock_gettime, of the clock that only goes forward).
($file) = @ARGV;
$pause = 4;
sub now {
    $time = pack("qq", 0, 0);
    syscall(228, 1, $time);
    ($seconds, $nanos) = unpack("qq", $time);
    return $seconds * 1000 + $nanos / 1e6;
}
$worst = 0;
$last = now();
until (-e $file) {
    select(undef, undef, undef, $pause / 1000);
    $at = now();
    $worst = $at - $last - $pause if $at - $last - $pause > $worst;
    $last = $at;
}
print "$worst\n";
