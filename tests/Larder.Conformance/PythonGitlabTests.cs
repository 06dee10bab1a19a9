using Larder.Testing;

namespace Larder.Conformance;

/// <summary>python-gitlab, from Debian's python3-gitlab.</summary>
public sealed class PythonGitlabTests(Target target)
{
    [Fact]
    public Task Library_publishes_lists_fetches_and_deletes() => RunAsync("publish.py");

    [Fact]
    public Task Library_changes_what_holds_for_packages() => RunAsync("settings.py");

    [Fact]
    public Task Library_administers_users_groups_members_and_tokens() => RunAsync("administer.py");

    private async Task RunAsync(string name)
    {
        var script = Path.Combine(AppContext.BaseDirectory, "clients", name);
        var output = await Command.RunAsync(
            "/usr/bin/python3", [script, target.Url, target.Token, Target.NewName("python")], TestContext.Current.CancellationToken);
        output.Trim().ShouldBe("ok");
    }
}
