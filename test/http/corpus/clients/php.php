<?php
// PHP's curl extension with CURLFile: php.php URL VARIANT NAME...
[, $url, , ] = $argv;
$form = [
	'email' => 'someone@example.org',
	'seed_name' => 'Brassica napus',
	'zoom_level' => '20',
	'nb_seeds' => '5',
	'name' => 'Séance 7',
];
foreach (array_slice($argv, 3) as $number => $name) {
	$form["pictures[$number]"] = new CURLFile($name, 'image/png', $name);
}
$curl = curl_init($url);
curl_setopt_array($curl, [CURLOPT_POSTFIELDS => $form, CURLOPT_RETURNTRANSFER => true]);
curl_exec($curl) !== false or exit(1);
echo PHP_VERSION, "\n";
