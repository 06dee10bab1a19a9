using System.Reflection;
using Larder.Testing;

namespace Larder.Conformance;

/// <summary>Clients of the npm registry, pinned by <c>npm/package-lock.json</c> and installed by <c>test.sh</c>.</summary>
internal static class NpmClients
{
    private static readonly string Folder = typeof(NpmClients).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>().Single(data => data.Key == "NpmFolder").Value!;

    /// <summary>A program that one of them brings.</summary>
    public static string Program(string name) => Path.Combine(Folder, "node_modules", ".bin", name);

    /// <summary>Lets scripts in a folder import them.</summary>
    public static void LinkInto(TemporaryDirectory folder)
    {
        var modules = Path.Combine(Folder, "node_modules");
        if (!Directory.Exists(modules)) throw new InvalidOperationException("The npm clients are not installed: run ./test.sh");
        Directory.CreateSymbolicLink(folder["node_modules"], modules);
    }
}
