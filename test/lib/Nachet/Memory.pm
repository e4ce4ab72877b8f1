# test/lib/Nachet/Memory.pm: how much memory processes have had at most, and JSON of a few bytes that would take much.
#
# Rule: peaks only rise, so the rise over many requests bounds that of each of them.
package Nachet::Memory;

use strict;
use warnings;

use Exporter 'import';

use Nachet::Test ();

our @EXPORT_OK = qw(peak hostile_values);

# The peak of resident memory of these processes together, in kB.
sub peak
{
	my @pids = @_;
	my $sum = 0;
	for my $pid (@pids)
	{
		my ($kilobytes) = Nachet::Test::slurp("/proc/$pid/status") =~ /^VmHWM:\s+(\d+) kB/m;
		$sum += $kilobytes // die "process $pid is gone\n";
	}
	return $sum;
}

sub _filled { my ($item, $bytes) = @_; return '[' . join(',', ($item) x ($bytes / (1 + length $item))) . ']' }

# Name => JSON value of at most that many bytes: whatever handles it naively takes gigabytes, or minutes.
sub hostile_values
{
	my ($bytes) = @_;
	my $nested = int $bytes / 20;
	return (
		'large numbers' => _filled('1e131071', $bytes),
		'small numbers' => _filled('1e-16383', $bytes),
		'negative numbers' => _filled('-9.5e131000', $bytes),
		'members with large numbers' => '{' . join(',', map { qq("$_":1e131071) } 1 .. $bytes / 16) . '}',
		'one large number' => '1e131071',
		'one small number' => '-1e-16383',
		'a number of many digits' => '9' x $bytes,
		'zeros' => _filled('0', $bytes),
		'empty strings' => _filled('""', $bytes),
		'empty objects' => _filled('{}', $bytes),
		'small objects' => _filled('{"":0}', $bytes),
		'small arrays' => _filled('[0]', $bytes),
		'escapes' => '"' . '\u0001' x ($bytes / 6 - 1) . '"',
		'quotes' => '"' . '\"' x ($bytes / 2 - 1) . '"',
		'a long string' => '"' . 'x' x ($bytes - 2) . '"',
		'large numbers, nested' => '[' x 5000 . '1e131071,' x (($bytes - 10_010) / 9) . '1' . ']' x 5000,
		'nested arrays' => '[' x $nested . ']' x $nested,
		'nested objects' => '{"a":' x ($nested / 2) . '1e131071' . '}' x ($nested / 2),
	);
}

1;
