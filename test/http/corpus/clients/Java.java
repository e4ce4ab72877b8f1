// Java's HttpClient with a multipart publisher made by hand: Java.java URL uuid|number NAME...
import java.math.BigInteger;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;

class Java {
	private static void add(List<byte[]> body, String text) {
		body.add(text.getBytes(StandardCharsets.UTF_8));
	}

	public static void main(String[] args) throws Exception {
		// Many programs have the number, which has up to 78 digits.
		String boundary = args[1].equals("uuid")
			? UUID.randomUUID().toString() : new BigInteger(256, new Random()).toString();
		String disposition = "--" + boundary + "\r\nContent-Disposition: form-data; name=\"";
		Map<String, String> fields = new LinkedHashMap<>();
		fields.put("email", "someone@example.org");
		fields.put("seed_name", "Brassica napus");
		fields.put("zoom_level", "20");
		fields.put("nb_seeds", "5");
		fields.put("name", "Séance 7");

		List<byte[]> body = new ArrayList<>();
		for (Map.Entry<String, String> field : fields.entrySet())
			add(body, disposition + field.getKey() + "\"\r\n\r\n" + field.getValue() + "\r\n");
		for (int i = 2; i < args.length; i++) {
			add(body, disposition + "pictures\"; filename=\"" + args[i]
				+ "\"\r\nContent-Type: image/png\r\n\r\n");
			body.add(Files.readAllBytes(Path.of(args[i])));
			add(body, "\r\n");
		}
		add(body, "--" + boundary + "--");
		HttpRequest request = HttpRequest.newBuilder(URI.create(args[0]))
			.header("Content-Type", "multipart/form-data;boundary=" + boundary)
			.POST(HttpRequest.BodyPublishers.ofByteArrays(body)).build();
		HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.discarding());
		System.out.println(System.getProperty("java.version"));
	}
}
