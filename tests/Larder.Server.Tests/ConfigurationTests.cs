using Larder.Testing;

namespace Larder.Server.Tests;

public sealed class ConfigurationTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_problem_is_listed_and_the_exit_code_is_not_zero()
    {
        using var folder = new TemporaryDirectory();
        var result = await Command.TryRunAsync("dotnet", [ServerProcess.Program,
            "--Larder:DataDirectory", folder["data"], "--Larder:Database", "nonsense", "--Larder:Blobs:Kind", "Tape",
            "--Larder:ExternalUrl", "packages.example", "--Larder:Upstreams:AllowedHosts:0", "not a host",
            "--Larder:Upstreams:IdleTimeoutSeconds", "0", "--Larder:GenericPackageMaxBytes", "-1", "--Larder:InitialRootToken", "short"], Token);

        result.ExitCode.ShouldBe(1);
        foreach (var key in new[] { "Database", "Blobs:Kind", "ExternalUrl", "Upstreams:AllowedHosts", "Upstreams:IdleTimeoutSeconds", "GenericPackageMaxBytes", "InitialRootToken" })
            result.Errors.ShouldContain($"- Larder:{key}");
        Directory.Exists(folder["data"]).ShouldBeFalse();
    }

    [Theory]
    [InlineData("Larder:DataDirectroy", "x", "DataDirectroy")]
    [InlineData("Larder:GenericPackageMaxBytes", "much", "GenericPackageMaxBytes")]
    public async Task Misspelt_name_and_value_of_the_wrong_kind_stop_the_start(string key, string value, string named)
    {
        var result = await Command.TryRunAsync("dotnet", [ServerProcess.Program, "--" + key, value], Token);
        result.ExitCode.ShouldBe(1);
        result.Errors.ShouldContain(named);
    }

    [Fact]
    public async Task Password_of_the_database_is_not_repeated()
    {
        var result = await Command.TryRunAsync("dotnet", [ServerProcess.Program, "--Larder:Database", "Password=secret;Hots=x"], Token);
        result.ExitCode.ShouldBe(1);
        (result.Output + result.Errors).ShouldNotContain("secret");
    }

    [Fact]
    public async Task New_data_directory_is_for_its_owner_alone()
    {
        await using var server = await ServerProcess.StartAsync();
        File.GetUnixFileMode(server.DataDirectory).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        server.Log.ShouldNotContain("Warning"); // nothing for a newcomer to worry about
    }
}
