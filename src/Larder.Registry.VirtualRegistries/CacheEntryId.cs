using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace Larder.Registry.VirtualRegistries;

/// <summary>
/// How the API names a cache entry, for clients an opaque text: base64 of the upstream's number, a blank and the relative path.
/// GitLab 18.9 has the group's number, a blank and a row number; both are understood, in either alphabet, padded or not.
/// </summary>
public abstract record CacheEntryId
{
    /// <summary>By its place.</summary>
    public sealed record OfPath(long UpstreamId, MavenPath Path) : CacheEntryId;

    /// <summary>By its row.</summary>
    public sealed record OfRow(long GroupId, long Id) : CacheEntryId;

    /// <summary>Names an entry; the path begins with a slash.</summary>
    public static string Write(long upstreamId, string relativePath) =>
        Convert.ToBase64String(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{upstreamId} {relativePath}")))
            .Replace('+', '-').Replace('/', '_');

    /// <summary>Reads a name. False when it is no base64; true and null when it is, but names nothing.</summary>
    public static bool TryRead(string text, out CacheEntryId? id)
    {
        id = null;
        var encoded = text.Replace('+', '-').Replace('/', '_');
        if (encoded.Length == 0 || !Base64Url.IsValid(encoded)) return false;
        var words = Encoding.UTF8.GetString(Base64Url.DecodeFromChars(encoded)).Split(' ', 2);
        if (words.Length < 2 || !TryNumber(words[0], out var owner)) return true;
        if (TryNumber(words[1], out var row)) id = new OfRow(owner, row);
        else if (MavenPath.TryParse(words[1].TrimStart('/'), out var path)) id = new OfPath(owner, path);
        return true;
    }

    private static bool TryNumber(string text, out long number) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
