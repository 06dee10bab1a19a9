using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.RegularExpressions;
using Larder.Registry;
using Larder.Testing;
using Microsoft.Extensions.Configuration;
using YamlDotNet.RepresentationModel;

namespace Larder.Conformance;

/// <summary>The files in <c>deploy</c>, as far as they can be run or read without a container engine or a cluster.</summary>
public sealed class DeployTests(Target target)
{
    private const int LargeBytes = 100 << 20;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<string> ProxyNames => ["nginx", "Caddy"];

    public static TheoryData<string> FilesWithSettings => ["compose.yaml", "kubernetes/larder.yaml", "systemd/larder.service", "Dockerfile"];

    [Theory]
    [MemberData(nameof(ProxyNames))]
    public async Task Proxy_keeps_encoded_slashes_and_passes_large_files_and_links_on(string name)
    {
        var (proxy, url) = await StartProxyAsync(name);
        await using var stopping = proxy;
        using var client = new HttpClient { BaseAddress = new Uri(url) };
        client.DefaultRequestHeaders.Add("PRIVATE-TOKEN", target.Token);
        var path = Uri.EscapeDataString(await target.CreateProjectPathAsync(Token));
        var content = RandomNumberGenerator.GetBytes(LargeBytes);

        using var request = new HttpRequestMessage(HttpMethod.Put, $"/api/v4/projects/{path}/packages/generic/big/1.0/dir%2Fbig.bin?select=package_file")
        {
            Content = new ByteArrayContent(content),
        };
        request.Headers.ExpectContinue = true;
        using var published = await client.SendAsync(request, Token);
        published.StatusCode.ShouldBe(HttpStatusCode.OK, await published.Content.ReadAsStringAsync(Token));
        var file = await published.Content.ReadFromJsonAsync<JsonElement>(Token);
        file.GetProperty("file_sha256").GetString().ShouldBe(Convert.ToHexStringLower(SHA256.HashData(content)));

        (await client.GetByteArrayAsync($"/api/v4/projects/{path}/packages/generic/big/1.0/dir%2Fbig.bin", Token)).ShouldBe(content);
        using var listing = await client.GetAsync($"/api/v4/projects/{path}/packages", Token);
        string.Join(' ', listing.Headers.GetValues("Link")).ShouldContain($"<{url}/api/v4/projects/{path}/packages?");
        (await client.GetAsync("/-/metrics", Token)).StatusCode.ShouldBe(name == "Caddy" ? HttpStatusCode.NotFound : HttpStatusCode.OK);
    }

    [Theory]
    [MemberData(nameof(FilesWithSettings))]
    public void Settings_in_a_file_exist(string file)
    {
        var names = Regex.Matches(Text(file), @"\bLarder__\w+").Select(match => match.Value).Distinct().ToList();
        names.ShouldNotBeEmpty();
        var settings = new ConfigurationBuilder()
            .AddInMemoryCollection(names.Select(name => KeyValuePair.Create(name.Replace("__", ":", StringComparison.Ordinal), (string?)SampleOf(name)))).Build();
        settings.GetSection("Larder").Get<LarderOptions>(binder => binder.ErrorOnUnknownConfiguration = true).ShouldNotBeNull();
    }

    [Fact]
    public async Task Dockerfile_has_no_faults_and_runs_as_no_root()
    {
        var linted = await Command.TryRunAsync("node", [NpmClients.Program("dockerfile-utils"), "lint", PathOf("Dockerfile")], Token);
        linted.ExitCode.ShouldBe(0, linted.Output + linted.Errors);
        (linted.Output + linted.Errors).Trim().ShouldBeEmpty();
        Text("Dockerfile").ShouldContain("\nUSER app\n");
    }

    [Fact]
    public void Compose_file_has_two_nodes_that_share_everything_but_their_volume()
    {
        var services = (YamlMappingNode)Documents("compose.yaml").Single()["services"];
        var (one, two) = ((YamlMappingNode)services["larder-1"], (YamlMappingNode)services["larder-2"]);
        one["<<"].ShouldBeSameAs(two["<<"]);
        one["volumes"].ShouldNotBe(two["volumes"]);
        services.Children.Keys.Select(key => $"{key}").ShouldBe(["larder-1", "larder-2", "proxy", "database", "s3", "bucket"], ignoreOrder: true);
    }

    [Fact]
    public void Manifests_are_whole_and_agree_with_each_other()
    {
        var documents = Documents("kubernetes/larder.yaml");
        documents.Select(document => $"{document["kind"]}").ShouldBe(["ConfigMap", "Deployment", "Service", "PodDisruptionBudget"]);
        var deployment = documents[1]["spec"];
        $"{deployment["replicas"]}".ShouldBe("2");
        $"{deployment["template"]["metadata"]["labels"]["app"]}".ShouldBe("larder");
        foreach (var selector in new[] { deployment["selector"]["matchLabels"], documents[2]["spec"]["selector"], documents[3]["spec"]["selector"]["matchLabels"] })
            $"{selector["app"]}".ShouldBe("larder");
        var container = deployment["template"]["spec"]["containers"][0];
        $"{container["readinessProbe"]["httpGet"]["path"]}".ShouldBe("/-/readiness");
        $"{container["livenessProbe"]["httpGet"]["path"]}".ShouldBe("/-/liveness");
    }

    [Fact]
    public async Task Unit_of_systemd_has_no_faults()
    {
        using var folder = new TemporaryDirectory();
        // The program is not installed here, and systemd asks whether it is there.
        await File.WriteAllTextAsync(folder["larder.service"], Text("systemd/larder.service").Replace("/opt/larder/larder", "/bin/true", StringComparison.Ordinal), Token);
        var verified = await Command.TryRunAsync("systemd-analyze", ["verify", "--man=no", "--recursive-errors=no", folder["larder.service"]], Token);
        verified.ExitCode.ShouldBe(0, verified.Errors);
        verified.Errors.Split('\n').Where(line => line.Contains("larder.service", StringComparison.Ordinal)).ShouldBeEmpty();
    }

    [Fact]
    public async Task Metrics_that_the_page_for_operators_watches_exist()
    {
        using var client = new HttpClient { BaseAddress = new Uri(target.Url) };
        client.DefaultRequestHeaders.Add("PRIVATE-TOKEN", target.Token);
        await using var upstream = await NginxServer.StartAsync("/usr/share/maven-repo");
        var registry = await target.CreateRegistryAsync(Token, upstream.Url);
        (await client.GetAsync(registry + "/there/is/1.0/no-1.0.jar", Token)).StatusCode.ShouldBe(HttpStatusCode.NotFound); // counted
        var metrics = await client.GetStringAsync("/-/metrics", Token);

        var page = await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "pages", "operations.md"), Token);
        var alerts = page[page.IndexOf("| Watch |", StringComparison.Ordinal)..];
        var names = Regex.Matches(alerts[..alerts.IndexOf("\n\n", StringComparison.Ordinal)], "`((?:larder|kestrel|dotnet)_[a-z_]+)").Select(match => match.Groups[1].Value).ToList();
        names.Count.ShouldBeGreaterThan(2);
        foreach (var name in names) metrics.ShouldContain($"\n{name}{{", Case.Sensitive);
    }

    [Fact]
    public async Task Configurations_of_nginx_are_read()
    {
        foreach (var file in new[] { "nginx/larder.conf", "nginx/compose.conf" })
        {
            var text = Text(file).Replace("/etc/nginx/larder-proxy.conf", PathOf("nginx/larder-proxy.conf"), StringComparison.Ordinal);
            using var folder = new TemporaryDirectory();
            await Command.RunAsync("openssl", ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", folder["key"], "-out", folder["pem"],
                "-subj", "/CN=packages.example.com", "-days", "1"], Token);
            text = text.Replace("/etc/ssl/packages.example.com.pem", folder["pem"], StringComparison.Ordinal)
                .Replace("/etc/ssl/packages.example.com.key", folder["key"], StringComparison.Ordinal)
                .Replace("larder-1:8080", "127.0.0.1:8081", StringComparison.Ordinal).Replace("larder-2:8080", "127.0.0.1:8082", StringComparison.Ordinal);
            await File.WriteAllTextAsync(folder["nginx.conf"], string.Create(CultureInfo.InvariantCulture,
                $"pid {folder["pid"]}; error_log {folder["log"]}; events {{}} http {{ access_log off; client_body_temp_path {folder["b"]}; proxy_temp_path {folder["p"]}; fastcgi_temp_path {folder["f"]}; uwsgi_temp_path {folder["u"]}; scgi_temp_path {folder["s"]};\n{text}\n}}"), Token);
            var read = await Command.TryRunAsync("nginx", ["-t", "-c", folder["nginx.conf"], "-p", folder.Path, "-e", folder["log"]], Token);
            read.ExitCode.ShouldBe(0, read.Errors);
        }
    }

    private static string SampleOf(string name) => name switch
    {
        _ when name.EndsWith("Bytes", StringComparison.Ordinal) => "1",
        _ when name.EndsWith("ForcePathStyle", StringComparison.Ordinal) => "true",
        _ => "text",
    };

    private static string PathOf(string file) => Path.Combine(AppContext.BaseDirectory, "deploy", file);

    private static string Text(string file) => File.ReadAllText(PathOf(file));

    private static IReadOnlyList<YamlNode> Documents(string file)
    {
        var stream = new YamlStream();
        using var reader = new StringReader(Text(file));
        stream.Load(reader);
        return [.. stream.Documents.Select(document => document.RootNode)];
    }

    private async Task<(IAsyncDisposable Proxy, string Url)> StartProxyAsync(string name)
    {
        if (name == "nginx")
        {
            var nginx = await NginxServer.StartWithAsync($"location / {{ proxy_pass {target.Url}; include {PathOf("nginx/larder-proxy.conf")}; }}");
            return (nginx, nginx.Url);
        }
        var caddy = await CaddyServer.StartAsync(url => Text("caddy/Caddyfile").Replace("packages.example.com", url, StringComparison.Ordinal)
            .Replace("10.0.0.11:8080 10.0.0.12:8080", new Uri(target.Url).Authority, StringComparison.Ordinal), Token);
        return (caddy, caddy.Url);
    }
}
