# test/lib/Nachet/Picture.pm: pictures to import, made on the spot.
#
# Rule: all are valid, whole pictures; the same arguments give the same bytes, another seed gives
# other bytes.
package Nachet::Picture;

use strict;
use warnings;

use Compress::Zlib ();
use Digest::SHA ();
use Exporter 'import';
use MIME::Base64 ();

use Nachet::Files qw(write_file);

our @EXPORT_OK = qw(bmp gif jpeg noise png tiff tiff_file);

# Bytes that do not compress.
sub noise
{
	my ($count, $seed) = @_;
	my $bytes = '';
	my $block = 0;
	$bytes .= Digest::SHA::sha512($seed // '', ':', $block++) while length $bytes < $count && $block < 16384;
	$bytes .= $bytes while length $bytes < $count;
	return substr $bytes, 0, $count;
}

sub _png_chunk
{
	my ($type, $data) = @_;
	return pack('N', length $data) . $type . $data . pack('N', Compress::Zlib::crc32($type . $data));
}

# An 8-bit RGB PNG of noise: about 3 * width * height bytes.
sub png
{
	my ($width, $height, $seed) = @_;
	my $pixels = noise(3 * $width * $height, $seed);
	my $rows = join '', map { "\0" . substr $pixels, 3 * $width * $_, 3 * $width } 0 .. $height - 1;
	return "\x89PNG\r\n\x1a\n"
		. _png_chunk('IHDR', pack('NNC5', $width, $height, 8, 2, 0, 0, 0))
		. _png_chunk('IDAT', Compress::Zlib::compress($rows, 1))
		. _png_chunk('IEND', '');
}

# A 24-bit BMP of noise.
sub bmp
{
	my ($width, $height, $seed) = @_;
	my $row = 3 * $width;
	my $padding = "\0" x (-$row % 4);
	my $pixels = noise($row * $height, $seed);
	my $data = join '', map { substr($pixels, $row * $_, $row) . $padding } 0 .. $height - 1;
	return 'BM' . pack('V v v V', 54 + length $data, 0, 0, 54)
		. pack('V V V v v V V V V V V', 40, $width, $height, 1, 24, 0, length $data, 2835, 2835, 0, 0) . $data;
}

# A GIF of one pixel, with the seed in a comment.
sub gif
{
	my ($seed) = @_;
	$seed = substr $seed // '', 0, 255;
	my $comment = length $seed ? "\x21\xfe" . pack('C', length $seed) . $seed . "\0" : '';
	return "GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff$comment"
		. "\x2c\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0\x3b";
}

# A baseline JPEG of 16 x 16 pixels, with the seed in a comment; padded by further comments to a
# wanted size, if that is above some 400 bytes.
my $JPEG = MIME::Base64::decode_base64(<<'END_JPEG');
/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABsSFBcUERsXFhceHBsgKEIrKCUlKFE6PTBCYFVlZF9VXVtqeJmBanGQc1tdhbWGkJ6j
q62rZ4C8ybqmx5moq6T/2wBDARweHigjKE4rK06kbl1upKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSk
pKSkpKSkpKT/wAARCAAQABADAREAAhEBAxEB/8QAFgABAQEAAAAAAAAAAAAAAAAAAAMF/8QAFRABAQAAAAAAAAAAAAAAAAAAABL/
xAAWAQEBAQAAAAAAAAAAAAAAAAAABQH/xAAVEQEBAAAAAAAAAAAAAAAAAAAAE//aAAwDAQACEQMRAD8AzLZBbsWQLIWtQSLFkCz/
2Q==
END_JPEG

sub jpeg
{
	my ($seed, $size) = @_;
	$seed = substr $seed // '', 0, 60;
	my $comments = length $seed ? "\xff\xfe" . pack('n', 2 + length $seed) . $seed : '';
	my $left = ($size // 0) - length($JPEG) - length $comments;
	while ($left >= 4)
	{
		# Never leave a rest of 1 to 3 bytes, which no segment could fill.
		my $take = $left <= 65537 ? $left : $left - 65537 < 4 ? $left - 8 : 65537;
		$comments .= "\xff\xfe" . pack('n', $take - 2) . noise($take - 4, "$seed:$left");
		$left -= $take;
	}
	return substr($JPEG, 0, 2) . $comments . substr $JPEG, 2;
}

# The head of a grey uncompressed TIFF of exactly $size bytes in all (200 at least), little-endian,
# whose one strip ends with the file; and how many bytes of pixels must follow.
sub _tiff_head
{
	my ($size) = @_;
	my $head = 8 + 2 + 9 * 12 + 4;
	die "a TIFF of $size bytes is too small" if $size < 200;
	die "a classic TIFF of $size bytes is too large" if $size >= 2**32;
	my $width = int sqrt($size - $head);
	my $height = int(($size - $head) / $width);
	my $count = $width * $height;
	my $offset = $size - $count;
	my $entry = sub { my ($tag, $type, $value) = @_; return pack('v v V V', $tag, $type, 1, $value) };
	my $bytes = "II*\0" . pack('V v', 8, 9)
		. $entry->(256, 4, $width) . $entry->(257, 4, $height) . $entry->(258, 3, 8) . $entry->(259, 3, 1)
		. $entry->(262, 3, 1) . $entry->(273, 4, $offset) . $entry->(277, 3, 1) . $entry->(278, 4, $height)
		. $entry->(279, 4, $count) . pack('V', 0);
	return ($bytes . "\0" x ($offset - length $bytes), $count);
}

# A TIFF of exactly $size bytes, of noise.
sub tiff
{
	my ($size, $seed) = @_;
	my ($head, $count) = _tiff_head($size);
	return $head . noise($count, $seed);
}

# The same straight into a file, for large sizes: noise in the first MiB, then a hole. Returns the
# path.
sub tiff_file
{
	my ($path, $size, $seed) = @_;
	my ($head, $count) = _tiff_head($size);
	write_file($path, $head . noise($count < 1048576 ? $count : 1048576, $seed));
	truncate $path, $size or die "$path: $!";
	return $path;
}

1;
