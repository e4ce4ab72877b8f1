# test/fuzz/seeds.pl: makes the seeds that lie near a fuzz target's limits, and prints the -max_len that reaches beyond them.
#
#   perl test/fuzz/seeds.pl TARGET FOLDER
#
# Rule: by mutation alone libFuzzer rarely makes an input of just the right size, and without -max_len it makes none above 4,096
# bytes. So each limit has seeds from two below it to one above it. The limits are read from the source, not repeated here.
use strict;
use warnings;

use File::Path qw(make_path remove_tree);

my ($target, $folder) = @ARGV;
defined $folder or die "usage: seeds.pl TARGET FOLDER\n";

# The number that a #define gives a name; a product of numbers is multiplied out.
sub limit
{
	my ($file, $name) = @_;
	open my $source, '<', $file or die "$file: $!\n";
	while (<$source>)
	{
		next unless m{^#define\s+\Q$name\E\s+(.+?)\s*(?:/\*.*)?$};
		my $product = 1;
		$product *= $_ for $1 =~ /(?<!\w)\d+/g;
		return $product;
	}
	die "$file defines no $name\n";
}

# What lies around a limit.
sub around { my ($limit) = @_; return map { $limit + $_ } -2 .. 1 }

my $name_limit = limit('extension/pure/names.h', 'NACHET_NAME_MAX_BYTES');

# A name of that many bytes, below a folder unless it is "".
sub long_name { my ($length, $above) = @_; return ($above ne '' ? "$above/" : '') . 'n' x $length }

# The bodies that real clients sent, but for those in chunks.
sub recorded_seeds
{
	my @seeds;
	local ($/, $_);
	for my $recording (glob 'test/http/corpus/recordings/*.http')
	{
		open my $file, '<:raw', $recording or die "$recording: $!\n";
		$_ = <$file>;
		next if /^Transfer-Encoding:/mi;
		push @seeds, "$1\n$2" if /^Content-Type: *(\N+)\r\n.*?\r\n\r\n(.*)/ims;
	}
	return @seeds;
}

sub multipart_seeds
{
	my $headers = limit('http/body/multipart.h', 'NACHET_MULTIPART_HEADER_MAX');
	my $lines = limit('http/body/multipart.h', 'NACHET_MULTIPART_HEADER_LINES');
	my $blanks = limit('http/body/multipart.h', 'NACHET_MULTIPART_PADDING_MAX');
	my $boundary = limit('http/body/multipart.h', 'NACHET_BOUNDARY_MAX');
	my $disposition = "Content-Disposition: form-data; name=\"a\"\r\n";
	my $body = sub {
		my ($header_lines, $padding) = @_;
		return "multipart/form-data; boundary=B\n--B" . ' ' x ($padding // 0) . "\r\n$header_lines\r\nx\r\n--B--\r\n";
	};
	my @seeds;
	for my $size (around($headers))
	{
		my $filler = sub { return 'X: ' . 'y' x ($size - 5 - ($_[0] // 0)) . "\r\n" };
		push @seeds, $body->($disposition . $filler->(length $disposition));
		push @seeds, $body->($disposition . $filler->(length $disposition) . "Y: more\r\n");
		push @seeds, $body->($filler->() . $disposition);
	}
	push @seeds, $body->($disposition . "X: y\r\n" x ($_ - 1)) for around($lines);
	push @seeds, $body->($disposition, $_) for around($blanks);
	push @seeds, $body->($disposition) =~ s/\bB\b/'B' x $_/ger for around($boundary);
	return @seeds, recorded_seeds();
}

# In a list, each byte 1 stands for a thousand letters.
sub list_seeds
{
	my $line = limit('loader/files/list.c', 'LINE_ROOM') - 1;
	my $block = 64 * 1024; # or a multiple of whatever a reader may read at once
	my $letters = sub { my ($count) = @_; return "\1" x int($count / 1000) . 'x' x ($count % 1000) };
	my @seeds;
	for my $from0 (0, 1)
	{
		my $end = $from0 ? "\0" : "\n";
		push @seeds, chr($from0) . $letters->($_) . "${end}next$end" for around($line);
		# A block ends within, between and after line ends.
		for my $size (around($block))
		{
			my $lines = $letters->(15_999) . $end;
			my $left = $size - 4 * 16_000;
			push @seeds, chr($from0) . $lines x 4 . $letters->($left) . ($from0 ? $end : "\r\n") . "next$end";
		}
	}
	return @seeds;
}

sub fields_seeds
{
	my $bytes = limit('http/routes/fields.h', 'NACHET_FIELDS_BYTES');
	my $count = limit('http/routes/fields.h', 'NACHET_FIELDS_COUNT');
	my @seeds = map { (join("\0", 'a', 'v' x ($_ - 1)), join("\0", 'n' x ($_ - 1), 'v'), join("\0", 'a', 'v', 'b', 'v' x ($_ - 3), 'c', '')) } around($bytes);
	for my $number (around($count)) { push @seeds, join "\0", map { ("f$_", 'v') } 1 .. $number }
	return @seeds;
}

# A token is its two parts in base64url, two dots and four characters.
sub tokens_seeds
{
	my $bytes = limit('http/auth/jwt.h', 'NACHET_JWT_BYTES');
	my $brackets = limit('http/auth/jwt.c', 'BRACKETS_MAX');
	my $header = '{"alg":"HS256"}';
	my $seed = sub { my ($more) = @_; return join "\0", $header, "{\"email\":\"a\@example.org\",\"exp\":1999999$more}", 'email', '', '' };
	my $coded = sub { my ($length) = @_; return int(($length * 4 + 2) / 3) };
	my $rest = length(($seed->('') =~ /\0(.*?)\0/s)[0]);
	my @seeds;
	for my $size (around($bytes))
	{
		my $claims = int(($size - $coded->(length $header) - 6) * 3 / 4) - $rest - length ',"x":""';
		push @seeds, $seed->(',"x":"' . 'x' x $_ . '"') for $claims, $claims + 1;
	}
	push @seeds, $seed->(',"x":' . '[' x ($_ - 1) . ']' x ($_ - 1)) for around($brackets);
	push @seeds, join("\0", $header, '{}', 'email', 'token=' . 't' x $_, 'Bearer ' . 't' x $_) for around($bytes);
	return @seeds;
}

# jansson reads 2,048 levels deep.
sub answers_seeds
{
	my @seeds = map { "\0\0\0{\"missing\":" . '[' x $_ . ']' x $_ . '}' } around(2047);
	push @seeds, "\6\0\0{\"title\":\"t\",\"detail\":\"" . 'd' x $_ . "\\n" . 'e' x $_ . "\",\"hint\":\"" . 'h' x $_ . "\"}" for around(8192);
	push @seeds, "\2\0" . 'l' x $_ . "\0{}" for around(8192);
	return @seeds;
}

# Escapes make six bytes of one, and a line is written whole.
sub log_seeds
{
	my $message = limit('http/ops/log.c', 'MESSAGE_BYTES');
	my $reason = limit('http/request/access_log.c', 'REASON_BYTES');
	my @seeds;
	for my $byte ('r', "\1", "\xc3\xa9", "\xff")
	{
		push @seeds, join("\0", 'GET', '/', '', $byte x int($_ / length $byte) . 'r' x ($_ % length $byte)) for around($message), around($reason), around(4096);
		push @seeds, join("\0", ($byte x 200) x 4), join("\0", 'GET', '/', $byte x 254, $byte x 500);
	}
	return @seeds;
}

sub headers_seeds
{
	my $id = limit('http/request/request_id.h', 'NACHET_REQUEST_ID_MAX');
	my @seeds = map { join "\0", 'localhost', 'http://localhost', 'n', 'o', 'application/json', 'i' x $_ } around($id);
	push @seeds, join("\0", 'n' x $_, 'http://' . 'n' x $_, 'n' x $_, 'o', 'application/json', 'i') for around(255), around(8192);
	return @seeds;
}

sub picture_list_seeds
{
	my @seeds;
	for my $drops (0, 1)
	{
		for my $above ('', 'f', 'f' x 255, 'f' x ($name_limit + 1))
		{
			push @seeds, chr($drops) . join("\0", long_name($_, $above), "$above/b", "$above/c/d") for around($name_limit);
		}
		push @seeds, chr($drops) . join("\0", map { 'f' x $_ . '/a' } around($name_limit));
	}
	push @seeds, map { "\0" . substr '=?utf-8?B?x?=', 0, $_ } 1 .. 13;
	return @seeds;
}

sub texts_seeds { return map { (long_name($_, ''), long_name($_ - 2, 'a'), "\xc3\xa9" x int($_ / 2) . 'n' x ($_ % 2)) } around($name_limit) }

sub choice_seeds
{
	return map { (join("\0", long_name($_, ''), '*', '', ''), join("\0", 'a/' x int($_ / 2) . 'b', '**/b', '', 'a/**')) } around($name_limit);
}

# Options have no limit but on numbers: long ones.
sub options_seeds
{
	my @seeds = map { "\0--email=a\@example.org\0--seed\0" . 's' x $_ . "\0-z\0" . '9' x $_ . "\0-c5\0folder" } around(8192);
	push @seeds, join("\0", '', '--email=a@example.org', '--seed=s', '-z1', '-c5', (map { "--include=$_" } 1 .. $_), 'folder') for around(48);
	push @seeds, "\0--email=a\@example.org\0--seed=s\0-z1\0-c$_\0folder" for around(2_147_483_647);
	push @seeds, "\0--email=a\@example.org\0--seed=s\0-z1\0-c5\0--retries=$_\0folder" for around(1000);
	return @seeds;
}

# A TIFF of 4 x 3 grey pixels behind its directory: fields as [tag, type, count, value] beside those of the pixels, the
# pointer to the next page, and what follows the pixels. Fields may replace those of the same tag.
sub tiff
{
	my ($fields, $next, $behind) = @_;
	my %field = map { $_->[0] => $_ } [ 256, 3, 1, 4 ], [ 257, 3, 1, 3 ], [ 258, 3, 1, 8 ], [ 259, 3, 1, 1 ],
		[ 262, 3, 1, 1 ], [ 273, 4, 1, 8 ], [ 277, 3, 1, 1 ], [ 278, 3, 1, 3 ], [ 279, 4, 1, 12 ], @$fields;
	my @sorted = map { $field{$_} } sort { $a <=> $b } keys %field;
	return 'II*' . "\0" . pack('V', 20) . 'twelve bytes' . pack('v', scalar @sorted)
		. join('', map { pack 'vvVV', @$_ } @sorted) . (defined $next ? pack('V', $next) : '') . ($behind // '');
}

# Where such a file ends, if so many fields are added to the nine.
sub tiff_end { my ($added) = @_; return 20 + 2 + 12 * (9 + $added) + 4 }

# What is left over from another file, is a camera's, or lacks a part.
sub tiff_seeds
{
	my $below = tiff_end(2);
	my $raw = pack('v', 5) . join '', map { pack 'vvVV', @$_ } [ 254, 4, 1, 0 ], [ 256, 3, 1, 40 ], [ 257, 3, 1, 30 ], [ 259, 3, 1, 34713 ], [ 262, 3, 1, 32803 ];
	my $stack = "ImageJ=1.53t\nimages=4\n";
	my $shape = '{"shape": [4, 3, 4]}';
	return (
		(map { tiff([ [ $_, 4, 1, tiff_end(1) ] ], 0, pack('vvvVV', 1, 36864, 7, 4, 808661552)) } 34665, 34853, 330),
		(map { tiff([], $_) } 65535, 20, tiff_end(0), undef), tiff([], tiff_end(0), pack('v', 40) . 'part'),
		(map { tiff([ [ 259, 3, 1, $_ ], [ 279, 4, 1, 0 ] ], 0) } 1, 3, 5, 8, 32773),
		tiff([ [ 700, 1, 5000, tiff_end(1) ] ], 0, '<x:xmpmeta'), tiff([ [ 320, 3, 768, 100_000 ], [ 262, 3, 1, 3 ] ], 0),
		tiff([ [ 254, 4, 1, 1 ], [ 330, 4, 1, $below ] ], 0, $raw), tiff([ [ 271, 2, 6, $below ], [ 330, 4, 1, $below + 6 ] ], 0, "NIKON\0$raw"),
		tiff([ [ 50706, 1, 4, 1025 ] ], 0), tiff([ [ 33629, 5, 4, 8 ], [ 273, 4, 1, tiff_end(1) ] ], 0, 'x' x 48),
		(map { tiff([ [ 270, 2, length, tiff_end(1) ], [ 273, 4, 1, tiff_end(1) + length ] ], 0, $_ . 'x' x 40) } $stack, $shape),
		tiff([ [ 259, 3, 1, 8 ], [ 273, 4, 1, tiff_end(0) ], [ 279, 4, 1, 300 ] ], 0, 'x' x 44 . "\0" x 256),
		tiff([ [ 322, 3, 1, 4 ], [ 323, 3, 1, 3 ], [ 324, 4, 1, 0 ], [ 325, 4, 1, 0 ] ], 0),
	);
}

# A reader's window ends within what follows a segment or block that was put at the front.
sub picture_header_seeds
{
	my $window = limit('extension/pure/picture_reader.h', 'NACHET_WINDOW_BYTES');
	my @seeds;
	my $read = sub {
		my ($file) = @_;
		open my $picture, '<:raw', "test/pure/pictures/$file" or die "$file: $!\n";
		local $/;
		return scalar <$picture>;
	};
	my $gif_comment = sub {
		my ($left) = @_;
		my $blocks = "\x21\xfe";
		for (; $left > 0; $left -= 255) { my $size = $left < 255 ? $left : 255; $blocks .= chr($size) . 'c' x $size }
		return "$blocks\0";
	};
	for my $size (around($window), around($window - 16))
	{
		push @seeds, $read->('libjpeg-baseline.jpg') =~ s/\A(..)/$1 . "\xff\xfe" . pack('n', $size - 4) . 'c' x ($size - 6)/ser;
		my $chunk = 'tEXtc' . "\0" . 't' x ($size - 12 - 33 - 2);
		push @seeds, $read->('libpng-rgb.png') =~ s/\A(.{33})/$1 . pack('N', length($chunk) - 4) . $chunk . pack('N', 0)/ser;
		push @seeds, $read->('gifsicle-87a.gif') =~ s/(?=\x2c)/$gif_comment->($size - 64)/er;
		# A critical chunk, which is read whole; the target sets its CRC.
		push @seeds, $read->('libpng-rgb.png') =~ s/\A(.{33})/$1 . pack('N', $size) . 'IDAT' . 'p' x ($size + 4)/ser;
	}
	my $zeros = limit('extension/pure/picture_reader.h', 'NACHET_ZEROS_BYTES');
	for my $size (around($zeros))
	{
		my $data = pack('C5', 0x2f, 2, 0x40, 0, 0) . 'x' . "\0" x $size . "\0" x ($size % 2);
		push @seeds, 'RIFF' . pack('V', 12 + length $data) . 'WEBPVP8L' . pack('V', length $data) . $data;
	}
	push @seeds, map { substr $read->($_), 0, -2 } qw(libjpeg-baseline.jpg libjpeg-restarts.jpg libjpeg-scans.jpg);
	push @seeds, map { "\0\0\0\x18ftyp$_\0\0\0\0" } 'heic', 'avif', 'crx ', 'isom';
	push @seeds, "II*\0\x10\0\0\0CR\2\0", "\x89PNG\r\n\x1a\n" . pack('N', 4) . 'CgBI' . "\0" x 20;
	return @seeds, tiff_seeds();
}

my %seeds_of = (
	answers => \&answers_seeds, choice => \&choice_seeds, fields => \&fields_seeds, headers => \&headers_seeds, list => \&list_seeds,
	log => \&log_seeds, multipart => \&multipart_seeds, options => \&options_seeds, picture_header => \&picture_header_seeds,
	picture_list => \&picture_list_seeds, texts => \&texts_seeds, tokens => \&tokens_seeds,
	networks => sub { () }, urls => sub { map { 'https://' . 'n' x $_ . '/' } around(8192) },
);
my $make = $seeds_of{$target} or die "$target: no seeds are known for this target: say here what its limits are\n";
my $longest = 2048;
my $number = 0;
remove_tree($folder);
make_path($folder);
for my $seed ($make->())
{
	$longest = length $seed if length $seed > $longest;
	open my $file, '>:raw', sprintf('%s/%03d', $folder, $number++) or die "$folder: $!\n";
	print {$file} $seed;
	close $file or die "$folder: $!\n";
}
print 2 * $longest, "\n";
