# test/lib/Nachet/Prometheus.pm: reads Prometheus' text format (0.0.4), strictly.
#
# Rule: parse_metrics returns a hash: value, each sample by name{labels in order}; and problems, '' where the text is as
# it should be: lines that follow the grammar, HELP and TYPE before the samples of each metric, the samples of one together
# and none twice, counters named *_total, and histograms whose buckets rise to their count.
package Nachet::Prometheus;

use strict;
use warnings;

use Exporter 'import';

our @EXPORT_OK = qw(parse_metrics);

my $NAME = qr/[a-zA-Z_:][a-zA-Z0-9_:]*/;
my $LABEL = qr/[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\"n])*"/;
my $NUMBER = qr/[+-]?(?:\d+(?:\.\d+)?(?:e[+-]?\d+)?|Inf)|NaN/;

sub parse_metrics
{
	my ($text) = @_;
	my (%type, %help, %value, %done, @problems);
	my $current = '';
	push @problems, 'the last line is not ended' if $text !~ /\n\z/;
	for my $line (split /\n/, $text)
	{
		if ($line =~ /\A# (HELP|TYPE) ($NAME) (\S.*)\z/)
		{
			my ($what, $name, $rest) = ($1, $2, $3);
			push @problems, "$what of $name comes twice" if $what eq 'HELP' ? defined $help{$name} : defined $type{$name};
			if ($what eq 'HELP') { $help{$name} = $rest; $done{$current} = 1; $current = $name; next }
			$type{$name} = $rest;
			push @problems, "$name has the type $rest" if $rest !~ /\A(?:counter|gauge|histogram)\z/;
			push @problems, "$name is a counter without _total" if ($rest eq 'counter') != ($name =~ /_total\z/);
			next;
		}
		if ($line !~ /\A($NAME)(?:\{($LABEL(?:,$LABEL)*)\})? ($NUMBER)\z/) { push @problems, "no line: $line"; next }
		my ($sample, $labels, $number) = ($1, $2 // '', $3);
		my $name = $sample;
		$name =~ s/_(?:bucket|sum|count)\z// if ($type{$current} // '') eq 'histogram';
		push @problems, "$sample is not where it belongs" if $name ne $current || $done{$name};
		push @problems, "$sample has no TYPE" if !defined $type{$name};
		push @problems, "$sample is below 0: $number" if $number < 0;
		my $key = $labels eq '' ? $sample : "$sample\{" . join(',', sort split /,/, $labels) . '}';
		push @problems, "$key comes twice" if exists $value{$key};
		$value{$key} = $number;
	}
	push @problems, map { _check_histogram($_, \%value) } grep { $type{$_} eq 'histogram' } keys %type;
	return { value => \%value, problems => join "\n", @problems };
}

sub _check_histogram
{
	my ($name, $value) = @_;
	my (%buckets, @problems);
	for my $key (keys %$value)
	{
		next if $key !~ /\A\Q$name\E_bucket\{(.*)\}\z/;
		my @labels = split /,/, $1;
		my ($bound) = map { /\Ale="(.*)"\z/ ? $1 : () } @labels;
		$buckets{ join ',', grep { !/\Ale=/ } @labels }{$bound} = $value->{$key};
	}
	for my $labels (sort keys %buckets)
	{
		my $last = 0;
		for my $bound (sort { ($a eq '+Inf') <=> ($b eq '+Inf') || $a <=> $b } keys %{ $buckets{$labels} })
		{
			push @problems, "$name\{$labels} falls at $bound" if $buckets{$labels}{$bound} < $last;
			$last = $buckets{$labels}{$bound};
		}
		push @problems, "$name\{$labels} has no bucket for all" if !exists $buckets{$labels}{'+Inf'};
		push @problems, "$name\{$labels} has another count" if $last != ($value->{"${name}_count{$labels}"} // -1);
		push @problems, "$name\{$labels} has no sum" if !exists $value->{"${name}_sum{$labels}"};
	}
	return @problems;
}

1;
