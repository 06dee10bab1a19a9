using System.Collections.Frozen;
using System.Reflection;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Net.Http.Headers;

namespace Larder.Web;

/// <summary>
/// Styles and scripts of the pages, from the assembly. Their address holds a hash of their content, so that a browser may keep
/// them for a year and still has the new ones at once.
/// </summary>
internal static class StyleFiles
{
    private const string Prefix = "assets/";

    private static readonly FrozenDictionary<string, Asset> All = typeof(StyleFiles).Assembly.GetManifestResourceNames()
        .Where(name => name.StartsWith(Prefix, StringComparison.Ordinal))
        .Select(Read).ToFrozenDictionary(asset => asset.Name);

    /// <summary>The address of an asset, by its file name.</summary>
    public static string Address(string name) => $"/-/assets/{All[name].Hash}/{name}";

    /// <summary>The one route of all of them.</summary>
    public static void Map(IEndpointRouteBuilder app) => app.MapMethods("/-/assets/{hash}/{name}", ["GET", "HEAD"], Send);

    private static IResult Send(HttpContext context, string hash, string name)
    {
        if (!All.TryGetValue(name, out var asset) || asset.Hash != hash) return Results.NotFound();
        context.Response.Headers.CacheControl = "public, max-age=31536000, immutable";
        return Results.Bytes(asset.Content, asset.Type, entityTag: new EntityTagHeaderValue($"\"{asset.Hash}\""));
    }

    private static Asset Read(string resource)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(resource)!;
        var content = new byte[stream.Length];
        stream.ReadExactly(content);
        var type = resource.EndsWith(".js", StringComparison.Ordinal) ? "text/javascript; charset=utf-8" : "text/css; charset=utf-8";
        return new Asset(resource[Prefix.Length..], type, content, Convert.ToHexStringLower(SHA256.HashData(content))[..16]);
    }

    private sealed record Asset(string Name, string Type, byte[] Content, string Hash);
}
