// .NET's HttpClient with MultipartFormDataContent: dotnet.cs URL default|disposition NAME...
using System;
using System.IO;
using System.Net.Http;
using System.Net.Http.Headers;
using System.Reflection;

class DotNet
{
	static void Main(string[] args)
	{
		var form = new MultipartFormDataContent();
		form.Add(new StringContent("someone@example.org"), "email");
		form.Add(new StringContent("Brassica napus"), "seed_name");
		form.Add(new StringContent("20"), "zoom_level");
		form.Add(new StringContent("5"), "nb_seeds");
		form.Add(new StringContent("Séance 7"), "name");
		for (int i = 2; i < args.Length; i++)
		{
			var picture = new ByteArrayContent(File.ReadAllBytes(args[i]));
			picture.Headers.ContentType = new MediaTypeHeaderValue("image/png");
			if (args[1] == "default")
				form.Add(picture, "pictures", args[i]);
			else
			{
				// How programs do without filename*.
				picture.Headers.ContentDisposition
					= new ContentDispositionHeaderValue("form-data") { Name = "pictures", FileName = args[i] };
				form.Add(picture);
			}
		}
		new HttpClient().PostAsync(args[0], form).Wait();
		var display = Type.GetType("Mono.Runtime")
			.GetMethod("GetDisplayName", BindingFlags.NonPublic | BindingFlags.Static);
		Console.WriteLine(((string) display.Invoke(null, null)).Split(' ')[0]);
	}
}
