using DbUp.Builder;
using DbUp.Engine;
using DbUp.Engine.Output;

namespace Larder.Registry.Data;

/// <summary>The numbered scripts in the folder of the same name, run in order, each once, all in one transaction.</summary>
internal static class Migrations
{
    /// <summary>Runs what this database has not seen yet; answers the names of those scripts.</summary>
    /// <exception cref="MigrationFailedException">A script failed; the database is as it was.</exception>
    public static IReadOnlyList<string> Run(UpgradeEngineBuilder database, string identity, string path, string unlogged)
    {
        var result = Engine(database, identity, path, unlogged).PerformUpgrade();
        return result.Successful
            ? [.. result.Scripts.Select(script => script.Name)]
            : throw new MigrationFailedException(result.ErrorScript?.Name, result.Error);
    }

    /// <summary>Whether this database has not seen all of them.</summary>
    public static bool AreMissing(UpgradeEngineBuilder database) => Engine(database, identity: "", path: "", unlogged: "").IsUpgradeRequired();

    private static UpgradeEngine Engine(UpgradeEngineBuilder database, string identity, string path, string unlogged) => database
        .WithScriptsEmbeddedInAssembly(typeof(Migrations).Assembly, name => name.EndsWith(".sql", StringComparison.Ordinal))
        .WithVariable("identity", identity)
        .WithVariable("path", path)
        .WithVariable("unlogged", unlogged)
        .LogTo(new NoOpUpgradeLog())
        .Build();
}
