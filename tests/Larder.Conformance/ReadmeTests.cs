using System.Text.RegularExpressions;
using Larder.Testing;

namespace Larder.Conformance;

/// <summary>A newcomer's walk: the commands of the README, in their order, on a server that has just started for the first time.</summary>
public sealed class ReadmeTests
{
    private const string FirstCommand = "export LARDER_TOKEN=";

    [Fact]
    public async Task Commands_of_the_README_print_what_it_says()
    {
        var cancel = TestContext.Current.CancellationToken;
        await using var upstream = await NginxServer.StartAsync("/usr/share/maven-repo");
        await using var server = await ServerProcess.StartAsync();
        using var folder = new TemporaryDirectory();
        ProjectFiles.CopyTo(folder.Path);
        Directory.CreateDirectory(folder["data"]);
        await File.WriteAllTextAsync(folder["data/root-token"], server.RootToken + "\n", cancel);

        var (commands, outputs) = Blocks();
        var script = commands.Replace("http://127.0.0.1:8080", server.Url, StringComparison.Ordinal)
            .Replace("https://repo1.maven.org/maven2", upstream.Url, StringComparison.Ordinal);
        var printed = await Command.RunAsync("bash", ["-euo", "pipefail", "-c", script], cancel, folder.Path,
            new Dictionary<string, string> { ["MAVEN_OPTS"] = $"-Dmaven.repo.local={folder["repository"]} {ProjectFiles.QuickStart}" });

        outputs.Count.ShouldBe(4);
        foreach (var output in outputs) printed.ShouldContain(output);
        File.Exists(folder["target/app-1.0.jar"]).ShouldBeTrue();
        upstream.Requests.ShouldNotBeEmpty();
    }

    // From the first command that asks the server on. Blocks of sh are commands, the others what these print.
    private static (string Commands, IReadOnlyList<string> Outputs) Blocks()
    {
        var text = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "pages", "README.md"));
        var blocks = Regex.Matches(text, "^```([a-z]*)\n(.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline)
            .Select(match => (Language: match.Groups[1].Value, Text: match.Groups[2].Value))
            .SkipWhile(block => !block.Text.StartsWith(FirstCommand, StringComparison.Ordinal)).ToList();
        return (string.Concat(blocks.Where(block => block.Language == "sh").Select(block => block.Text)),
            [.. blocks.Where(block => block.Language != "sh").Select(block => block.Text.TrimEnd())]);
    }
}
