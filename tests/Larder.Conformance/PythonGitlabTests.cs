using Larder.Testing;

namespace Larder.Conformance;

/// <summary>python-gitlab, from Debian's python3-gitlab.</summary>
public sealed class PythonGitlabTests(Target target)
{
    [Fact]
    public async Task Library_publishes_lists_fetches_and_deletes()
    {
        var script = Path.Combine(AppContext.BaseDirectory, "clients", "publish.py");
        var output = await Command.RunAsync(
            "/usr/bin/python3", [script, target.Url, target.Token, Target.NewName("python")], TestContext.Current.CancellationToken);
        output.Trim().ShouldBe("ok");
    }
}
