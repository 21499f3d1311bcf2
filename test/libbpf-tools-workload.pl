# What the tools of libbpf-tools are to see, done once each, in a guest of its own. The argument is a folder to write in.
use strict;
use warnings;
use IO::Handle;
use Socket;

my $folder = shift;
my $file = "$folder/worked";

sub connection {
    my ($family, $address) = @_;
    socket(my $server, $family, SOCK_STREAM, 0) or return;
    bind($server, $address) or return;
    listen($server, 1);
    my $place = getsockname($server);
    my $child = fork() // die;
    if ($child == 0) {
        socket(my $client, $family, SOCK_STREAM, 0);
        connect($client, $place) or exit 1;
        syswrite($client, 'x' x 4096);
        shutdown($client, 1);
        sysread($client, my $end, 1);
        exit 0;
    }
    accept(my $peer, $server) or die "accept: $!";
    my $all = 0;
    while (my $n = sysread($peer, my $part, 8192)) { $all += $n }
    syswrite($peer, 'y');
    close($peer);
    waitpid($child, 0);
}

connection(AF_INET, pack_sockaddr_in(0, INADDR_LOOPBACK));
connection(AF_INET6, pack_sockaddr_in6(0, Socket::IN6ADDR_LOOPBACK));
for (1 .. 3) {
    open(my $out, '>', $file) or die "$file: $!";
    print $out 'z' x 65536;
    $out->flush;
    $out->sync;
    close($out);
    open(my $in, '<', $file) or die;
    1 while sysread($in, my $part, 4096);
    close($in);
    stat($file);
    unlink($file);
}
open(my $none, '<', "$folder/no-such-file");
for (1 .. 20) { select(undef, undef, undef, 0.005) }
system('/bin/true');
$SIG{USR1} = sub { };
kill('USR1', $$);
