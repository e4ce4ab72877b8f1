#!/usr/bin/env perl
# test/http/080_auth_jwt.t: --auth=jwt: which tokens get in, and that all others are refused.
use strict;
use warnings;
use Test::More;

use lib 'test/lib';
use Nachet::Test qw(png noise slurp write_file tempdir);
use Nachet::Http qw(curl post_json post_body multipart form_fields is_problem count_of wait_for_log connect_to read_answer);
use Nachet::Jwt qw(claims hs256 rs256 token encode rsa_pair bearer);

my $store = Nachet::Test->new;
my $folder = tempdir();
my $secret = 'a secret of the test, longer than 32 bytes';
my $secret_file = write_file("$folder/secret", $secret);
chmod 0600, $secret_file;
my ($private, $public) = rsa_pair("$folder/rsa");

my @log;

# Starts the service with these options, and leaves its log for the end.
sub with_service
{
	my ($code, @args) = @_;
	my $http = $store->start_http(args => [ '--auth', 'jwt', @args ]);
	$code->($http);
	push @log, $http->err;
	is($http->stop, 0, 'it stops with 0');
	return;
}

sub is_refused
{
	my ($http, $token, $pattern, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $answer = post_json($http, '{}', bearer($token));
	is_problem($answer, 401, $pattern, $name);
	like($answer->{headers}{'www-authenticate'}[0] // '', qr/\ABearer realm="nachet", error="invalid_token", error_description="/,
		"$name: WWW-Authenticate");
	return;
}

sub is_taken
{
	my ($http, $token, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $answer = post_json($http, '{}', bearer($token));
	is($answer->{status}, 200, $name) or diag($answer->{body});
	is(($answer->{json} // {})->{user_id}, $store->user_id, "$name: as the token's user");
	return;
}

# --- a secret -----------------------------------------------------------------------------------------
with_service(
	sub {
		my ($http) = @_;
		my $now = time;
		my $good = hs256($secret, claims());

		is_taken($http, $good, 'a right token');
		is(post_json($http, '{}', '-H', "authorization: bearer  $good")->{status}, 200, 'the scheme without case, and blanks');
		is(post_json($http, '{"email": "SOMEONE@example.org"}', bearer($good))->{status}, 200, 'with the same email in the body');
		is_problem(post_json($http, '{"email": "other@example.org"}', bearer($good)), 403, qr/email/, "with another's email");
		my $answer = post_json($http, '{}', bearer(hs256($secret, claims(email => 'stranger@example.org'))));
		is_problem($answer, 403, qr/stranger\@example\.org/, 'a right token of a user who is not registered');
		is($answer->{json}{code}, 'NC001', 'with the SQLSTATE');

		# No token at all.
		$answer = post_json($http, '{"email": "someone@example.org"}');
		is_problem($answer, 401, qr/no token/, 'no token');
		is_deeply($answer->{headers}{'www-authenticate'}, ['Bearer realm="nachet"'], 'WWW-Authenticate tells no error then');
		is_problem(post_json($http, '{}', '-u', 'someone@example.org:geheim'), 401, qr/Bearer TOKEN/, 'another scheme');
		is_problem(post_json($http, '{}', '-H', 'Authorization: Bearer'), 401, qr/Bearer TOKEN/, 'a scheme without a token');
		is_problem(post_json($http, '{}', '-H', "Authorization: Bearerx $good"), 401, qr/Bearer TOKEN/, 'a scheme that begins so');
		is_problem(post_json($http, '{}', bearer($good), bearer($good)), 400, qr/Authorization is given twice/, 'two of them');
		is_problem(post_json($http, '{}', '-H', "Cookie: token=$good"), 401, qr/no token/, 'a cookie that nobody asked for');
		is_problem(post_json($http, '{}', '-H', 'X-Forwarded-User: someone@example.org'), 401, qr/no token/, "a proxy's header");
		is(curl($http->url . '/')->{status}, 200, 'the page needs no token');
		is(curl($http->url . '/nothing')->{status}, 404, 'nor does it take one to find nothing');

		# Times, with the usual leeway of 30 s.
		is_taken($http, hs256($secret, claims(exp => $now - 5)), 'expired within the leeway');
		is_taken($http, hs256($secret, claims(exp => $now + 1000.5)), 'a fraction of a second');
		is_taken($http, hs256($secret, claims(nbf => $now + 5)), 'not yet valid within the leeway');
		is_refused($http, hs256($secret, claims(exp => $now - 60)), qr/expired/, 'expired');
		is_refused($http, hs256($secret, claims(exp => -1e300)), qr/expired/, 'expired long ago');
		is_refused($http, hs256($secret, claims(exp => undef)), qr/expiry time \(exp\)/, 'without exp');
		is_refused($http, hs256($secret, claims(exp => '' . ($now + 1000) . 'x')), qr/expiry time \(exp\)/, 'exp as a text');
		is_refused($http, hs256($secret, claims(nbf => $now + 600)), qr/not valid yet/, 'not yet valid');
		is_refused($http, hs256($secret, claims(nbf => 'now')), qr/start time \(nbf\)/, 'nbf as a text');
		is_refused($http, hs256($secret, '{"email": "someone@example.org", "exp": 99999999999, "nbf": null}'), qr/start time \(nbf\)/, 'nbf as null');

		# Signatures and algorithms.
		is_refused($http, token({ alg => 'none' }, claims(), sub { return '' }), qr/signature/, 'alg none, no signature');
		is_refused($http, hs256($secret, claims(), { alg => 'none' }), qr/algorithm/, 'alg none over a right signature');
		is_refused($http, hs256($secret, claims(), { alg => 'HS512' }), qr/algorithm/, 'another alg over a right signature');
		is_refused($http, hs256($secret, claims(), { alg => ['HS256'] }), qr/algorithm/, 'an alg that is no text');
		is_refused($http, hs256($secret, claims(), { typ => 'JWT' }), qr/algorithm/, 'no alg');
		is_refused($http, hs256($secret, claims(), { alg => 'HS256', crit => ['b64'], b64 => JSON::PP::false }), qr/extensions/,
			'extensions that must be understood');
		is_refused($http, hs256("$secret!", claims()), qr/signature/, 'another secret');
		is_refused($http, hs256('', claims()), qr/signature/, 'an empty secret');
		is_refused($http, rs256($private, claims()), qr/signature/, 'RS256, where there is a secret');

		# What is signed, and is no set of claims.
		is_refused($http, hs256($secret, 'null'), qr/malformed/, 'null');
		is_refused($http, hs256($secret, '"text"'), qr/malformed/, 'a text');
		is_refused($http, hs256($secret, '{"email": "someone@example.org"'), qr/malformed/, 'half a JSON document');
		is_refused($http, hs256($secret, '{"exp": 1, "exp": 99999999999, "email": "someone@example.org"}'), qr/malformed/, 'a claim twice');
		is_refused($http, hs256($secret, "{\"email\": \"\xff\"}"), qr/malformed/, 'invalid UTF-8');
		is_refused($http, hs256($secret, '[' x 3000), qr/malformed/, 'nested beyond reason');
		is_refused($http, hs256($secret, claims(x => [ ([]) x 600 ])), qr/malformed/, 'more lists than anyone sends');
		is_taken($http, hs256($secret, claims(x => [ ([]) x 500 ])), 'many lists');
		is_refused($http, hs256($secret, claims(), '[]'), qr/malformed/, 'a header that is no object');

		# The claim.
		is_refused($http, hs256($secret, claims(email => undef)), qr/no e-mail/, 'no email');
		is_refused($http, hs256($secret, claims(email => 5)), qr/no e-mail/, 'an email that is a number');
		is_refused($http, hs256($secret, claims(email => ['someone@example.org'])), qr/no e-mail/, 'an email that is a list');
		is_refused($http, hs256($secret, claims(email => '')), qr/e-mail address is invalid/, 'an empty email');
		is_refused($http, hs256($secret, claims(email => 'someone@example.org,x@example.org')), qr/e-mail address is invalid/, 'two emails');
		is_refused($http, hs256($secret, claims(email => "someone\@example.org\n")), qr/e-mail address is invalid/, 'a newline');
		is_refused($http, hs256($secret, claims(email => 'x' x 300)), qr/e-mail address is invalid/, 'a long email');
		for my $verified ('false', '"false"', '"False"', '0', '1', 'null', '"no"', '""', '"TRUE"', '[true]', '{}')
		{
			is_refused($http, hs256($secret, qq({"email": "someone\@example.org", "exp": 99999999999, "email_verified": $verified})),
				qr/not verified/, "an email that is verified: $verified");
		}
		is_taken($http, hs256($secret, claims(email_verified => JSON::PP::true)), 'a verified email');
		is_taken($http, hs256($secret, claims(email_verified => 'true')), 'one that is so in text');
		is_refused($http, hs256($secret, claims(aud => 'other')), qr/not for this service/, 'an audience, where none is expected');

		# Garbage, and every way to change one character of a right token.
		for my $garbage ('x', '.', '..', '...', 'a.b', 'a.b.c', "$good.", "$good.x", ".$good", "$good=", '@.@.@')
		{
			is_refused($http, $garbage, qr/malformed|signature/, "garbage: $garbage");
		}
		is_refused($http, 'x' x 32769, qr/longer than 32768 bytes/, 'a long token');
		is_refused($http, 'x' x 32768, qr/malformed/, 'a token as long as may be');
		my $long = hs256($secret, claims(groups => [ map { sprintf '%08x-0000-4000-8000-000000000000', $_ } 1 .. 600 ]));
		cmp_ok(length $long, '>', 31_000, 'the token of somebody in 600 groups is long');
		cmp_ok(length $long, '<=', 32768, 'and within the bound');
		is_taken($http, $long, 'a long right token');
		my $deep = hs256($secret, '{"email": "someone@example.org", "exp": 99999999999, "x": "' . 'x' x 20_000 . '", "y": '
			. '[' x 500 . ']' x 500 . '}');
		is_taken($http, $deep, 'a long and deep one');
		is_refused($http, hs256($secret, claims(), { alg => 'HS256', kid => 'k' }) =~ s/[^.]*\z/'A' x 8000/er, qr/signature/,
			'a signature that is longer than any');

		my ($sent, $let_in) = (0, 0);
		my $socket = connect_to($http);
		for my $at (0 .. length($good) - 1)
		{
			my $bad = $good;
			my $old = substr $bad, $at, 1;
			substr $bad, $at, 1, $old eq 'A' ? 'B' : 'A';
			print {$socket} "POST /picture-form HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
				. "Authorization: Bearer $bad\r\nContent-Length: 2\r\n\r\n{}";
			$sent++;
			$let_in++ if read_answer($socket)->{status} != 401;
		}
		is($let_in, 0, "none of $sent tokens with one character changed gets in");
		my $last = substr $good, -1;
		my $other = chr(ord($last) + 1);
		is_refused($http, substr($good, 0, -1) . $other, qr/signature/, 'bits that stand for nothing');

		# A whole import, and its refusal before the body is read.
		my @form = ('-F', 'pictures=@-;filename=a.png;type=image/png');
		$answer = curl({ stdin => png(8, 8, 'jwt') }, bearer($good), form_fields(email => undef), @form, $http->url . '/batch-import');
		is($answer->{status}, 201, 'an import without a field email') or diag($answer->{body});
		is($store->psql("SELECT owner_id FROM nachet.picture_set WHERE id = '$answer->{json}{picture_set_id}'"), $store->user_id,
			"is the token's user's");
		my $counts = count_of($store);
		is_problem(curl({ stdin => png(8, 8, 'jwt2') }, bearer($good), form_fields(email => 'other@example.org'), @form,
			$http->url . '/batch-import'), 403, qr/email/, "an import for another");
		is_problem(post_body($http, multipart([ 'a.png', png(8, 8, 'jwt3') ])), 401, qr/no token/, 'an import without a token');
		is(count_of($store), $counts, 'neither left anything');

		# The other ways in: staging, and a manifest of what was staged.
		my $picture = png(8, 8, 'staged');
		my $stage = sub { return curl({ stdin => $picture }, @_, @form, $http->url . '/batch-import?stage=true') };
		my $manifest = sub {
			my ($data, @args) = @_;
			my $body = JSON::PP::encode_json({ seed_name => 'Brassica napus', zoom_level => 20, nb_seeds => 5, %$data,
				pictures => [ { name => 'a.png', sha256 => Nachet::Test::sha256($picture) } ] });
			return curl({ stdin => $body }, '-H', 'Content-Type: application/json', '--data-binary', '@-', @args,
				$http->url . '/batch-import');
		};
		is_problem($stage->(), 401, qr/no token/, 'staging without a token');
		is_problem($stage->(bearer(hs256($secret, claims(email => 'stranger@example.org')))), 403, qr/stranger/, "a stranger's staging");
		is_problem($stage->('-F', 'email=other@example.org', bearer($good)), 403, qr/email/, "staging in another's name");
		is($stage->(bearer($good))->{status}, 200, 'staging');
		is_problem($manifest->({}), 401, qr/no token/, 'a manifest without a token');
		is_problem($manifest->({ email => 'other@example.org' }, bearer($good)), 403, qr/email/, "a manifest in another's name");
		is($manifest->({}, bearer($good))->{status}, 201, 'a manifest');

		$socket = connect_to($http);
		print {$socket} "POST /batch-import HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=x\r\n"
			. "Content-Length: 1000000\r\nExpect: 100-continue\r\n\r\n";
		$answer = read_answer($socket);
		is_problem($answer, 401, qr/no token/, 'a client that waits for leave to send is refused at once');
		is_deeply($answer->{interim}, [], 'and not told to go on');
	},
	'--jwt-secret', $secret_file);

# --- a public key -------------------------------------------------------------------------------------
with_service(
	sub {
		my ($http) = @_;
		my $good = rs256($private, claims());
		my $pem = slurp($public);
		my ($stranger) = rsa_pair("$folder/stranger");

		is_taken($http, $good, 'RS256');
		is_refused($http, hs256($pem, claims()), qr/signature/, "HS256 signed with the public key's PEM");
		is_refused($http, hs256($pem, claims(), { alg => 'RS256' }), qr/signature/, 'the same, which calls itself RS256');
		(my $bare = $pem) =~ s/-----[^-]+-----|\s//g;
		is_refused($http, hs256($bare, claims()), qr/signature/, "HS256 signed with the PEM's inner text");
		is_refused($http, rs256($private, claims(), { alg => 'HS256' }), qr/algorithm/, 'RS256 that calls itself HS256');
		is_refused($http, rs256($private, claims(), { alg => 'none' }), qr/algorithm/, 'RS256 that calls itself none');
		is_refused($http, rs256($stranger, claims()), qr/signature/, "another's key");
		is_refused($http, rs256($private, claims(), undef, '-sha512'), qr/signature/, 'RS512');
		is_refused($http, rs256($private, claims(), undef, '-sha256', '-sigopt', 'rsa_padding_mode:pss'), qr/signature/, 'PS256');
		is_refused($http, rs256($private, claims(exp => 5)), qr/expired/, 'expired');
		is_refused($http, $good =~ s/\.[^.]*\z/./r, qr/signature/, 'its signature taken away');
		is_refused($http, $good =~ s/[^.]*\z/'A' x 342/er, qr/signature/, 'a signature of zeros');
	},
	'--jwt-key', $public);

# --- issuer, audience, a claim within a claim, two keys ---------------------------------------------------
with_service(
	sub {
		my ($http) = @_;
		my $claims = sub { return claims(email => undef, iss => 'Vouch', aud => [ 'other', 'nachet' ],
			CustomClaims => { email => 'someone@example.org' }, @_) };

		is_taken($http, hs256($secret, $claims->()), 'a claim within a claim');
		is_taken($http, rs256($private, $claims->()), 'the other key');
		is_taken($http, hs256($secret, $claims->(aud => 'nachet')), 'one audience');
		is_taken($http, hs256($secret, $claims->(CustomClaims => undef, 'CustomClaims.email' => 'someone@example.org')),
			'a claim with a dot in its name');
		is_refused($http, hs256($secret, $claims->(iss => 'other')), qr/issuer/, 'another issuer');
		is_refused($http, hs256($secret, $claims->(iss => undef)), qr/issuer/, 'no issuer');
		is_refused($http, hs256($secret, $claims->(iss => ['Vouch'])), qr/issuer/, 'an issuer that is no text');
		is_refused($http, hs256($secret, $claims->(aud => 'other')), qr/not for this service/, 'another audience');
		is_refused($http, hs256($secret, $claims->(aud => [])), qr/not for this service/, 'an empty audience');
		is_refused($http, hs256($secret, $claims->(aud => [ ['nachet'] ])), qr/not for this service/, 'an audience too deep');
		is_refused($http, hs256($secret, $claims->(aud => undef)), qr/not for this service/, 'no audience');
		is_refused($http, hs256($secret, claims(iss => 'Vouch', aud => 'nachet')), qr/no e-mail/, 'the claim elsewhere');
		is_refused($http, hs256($secret, $claims->(CustomClaims => 'someone@example.org')), qr/no e-mail/, 'no object on the way');
		is_refused($http, hs256($secret, $claims->(CustomClaims => ['someone@example.org'])), qr/no e-mail/, 'a list on the way');
		is_refused($http, hs256(slurp($public), $claims->()), qr/signature/, "HS256 signed with the public key, though HS256 is known");
	},
	'--jwt-secret', $secret_file, '--jwt-key', $public, '--jwt-issuer', 'Vouch', '--jwt-audience', 'nachet',
	'--jwt-claim', 'CustomClaims.email', '--jwt-leeway', '0');

# --- a cookie ------------------------------------------------------------------------------------------
with_service(
	sub {
		my ($http) = @_;
		my $good = hs256($secret, claims());
		my @own = ('-H', 'Origin: ' . $http->url);
		my $with = sub { my ($cookie, @args) = @_; return post_json($http, '{}', '-H', "Cookie: $cookie", @args) };

		is($with->("VouchCookie=$good", @own)->{status}, 200, 'a cookie, from the own page');
		is($with->("a=b; VouchCookie=$good; VouchCookie2=x;c=", @own)->{status}, 200, 'among others');
		is($with->("VouchCookie=$good", '-H', 'Sec-Fetch-Site: same-origin')->{status}, 200, 'no Origin, but the browser says same-origin');
		is_problem($with->("VouchCookie=$good"), 403, qr/Origin/, 'no Origin');
		is_problem($with->("VouchCookie=$good", '-H', 'Sec-Fetch-Site: same-site'), 403, qr/other sites/, 'a neighbour');
		is_problem($with->("VouchCookie=$good", '-H', 'Origin: https://evil.example.org'), 403, qr/origin/, 'a page from elsewhere');
		is_problem($with->("VouchCookie=$good", '-H', 'Origin: null'), 403, qr/origin/, 'a page without an origin');
		is_problem(curl('-H', "Cookie: VouchCookie=$good", '-H', 'Origin: https://evil.example.org', '--data-raw', '{}',
			$http->url . '/picture-form'), 403, qr/origin/, "another site's form");
		is_problem(curl('-H', "Cookie: VouchCookie=$good", @own, '--data-raw', '{}', $http->url . '/picture-form'), 415,
			qr/application\/json/, "a form's content type");
		is_problem($with->("VouchCookie=$good; VouchCookie=$good", @own), 400, qr/several/, 'the cookie twice');
		is_problem($with->('VouchCookie=x', @own, bearer($good)), 400, qr/several/, 'another token in the header');
		is($with->("VouchCookie=$good", bearer($good))->{status}, 200, 'the same token in the header, which needs no Origin');
		is($with->('a=b', bearer($good))->{status}, 200, 'a header beside other cookies');
		is_problem($with->("VouchCookie=$good", '-H', 'Cookie: a=b', @own), 400, qr/Cookie is given twice/, 'two Cookie headers');
		is_problem($with->("vouchcookie=$good", @own), 401, qr/no token/, "a cookie's name has case");
		is_problem($with->("xVouchCookie=$good", @own), 401, qr/no token: send it in the sign-in cookie or as/,
			"a cookie's name that ends so");
		is_problem($with->('VouchCookie=', @own), 401, qr/malformed/, 'an empty cookie');
		is_problem($with->('VouchCookie', @own), 401, qr/no token/, 'a cookie without a value');
		is_problem($with->("VouchCookie=\"$good\"", @own), 401, qr/signature|malformed/, 'a cookie in quotes');
		is_problem($with->('VouchCookie=' . hs256($secret, claims(exp => 5)), @own), 401, qr/expired/, 'an expired one');
	},
	'--jwt-secret', $secret_file, '--jwt-cookie', 'VouchCookie');

# --- what the log tells of a refused token ---------------------------------------------------------------
with_service(
	sub {
		my ($http) = @_;
		my $line_of = sub {
			my ($id, $token) = @_;
			is(post_json($http, '{}', bearer($token), '-H', "X-Request-Id: $id")->{status}, 401, "$id: refused");
			ok(wait_for_log($http, qr/ id=$id /), "$id: logged");
			return (grep { / id=$id / } split /\n/, $http->err)[0];
		};
		my ($stranger) = rsa_pair("$folder/rotated");
		my %issuer = (iss => 'https://login.example.org/v2.0');
		like($line_of->('rotated', rs256($stranger, claims(%issuer), { alg => 'RS256', kid => '2026-11' })),
			qr{not from a trusted key\. Unverified: kid=2026-11 iss=https://login\.example\.org/v2\.0$},
			'key and issuer of a token that no key has signed');
		like($line_of->('expired', rs256($private, claims(%issuer, exp => 5), { alg => 'RS256', kid => '1' })),
			qr{expired\. Unverified: kid=1 iss=https://login}, 'and of an expired one');
		like($line_of->('hostile', rs256($stranger, claims(iss => "x\n2026 kid=right \e[2J\x{202e}"), { alg => 'RS256', kid => 'a" iss=b' })),
			qr{Unverified: kid=a\\x22\\x20iss=b iss=x\\x0a2026\\x20kid=right\\x20\\x1b\[2J\\xe2\\x80\\xae$}, 'escaped');
		my $long = $line_of->('long', rs256($stranger, claims(iss => 'i' x 5000), { alg => 'RS256', kid => 'k' x 5000 }));
		like($long, qr/ kid=k{100} iss=i{100}$/, 'and cut');
		unlike($line_of->('others', rs256($stranger, claims(email => 'private@example.org', sub => 'subject'), { alg => 'RS256' })),
			qr/private|subject|Unverified/, 'nothing else of it');
		unlike($line_of->('numbers', rs256($stranger, claims(iss => [ 'x' ]), { alg => 'RS256', kid => 5 })), qr/Unverified/, 'texts alone');
		unlike($line_of->('garbage', 'x.y.z'), qr/Unverified/, 'nothing of what is no JSON');
	},
	'--jwt-key', $public);

# --- what nobody may read -------------------------------------------------------------------------------
my $log = join '', @log;
cmp_ok(length $log, '>', 10000, 'there is a log');
unlike($log, qr/eyJ[A-Za-z0-9_-]{8}|\Q$secret\E/, 'no token and no secret is in it');

done_testing;
