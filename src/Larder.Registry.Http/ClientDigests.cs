using System.Diagnostics.CodeAnalysis;
using Larder.Storage.Blobs;
using Microsoft.AspNetCore.Http;

namespace Larder.Registry.Http;

/// <summary>
/// Digests that a client sends along so that a damaged transfer is refused: <c>X-Checksum-Md5</c>, <c>-Sha1</c>,
/// <c>-Sha256</c>, <c>-Sha512</c> in hexadecimal, and <c>Content-Digest</c> (of a body that is the file) or <c>Repr-Digest</c> (of a file
/// that comes later), both of RFC 9530, with sha-256 and sha-512. GitLab ignores them.
/// </summary>
public static class ClientDigests
{
    /// <summary>What the file must be, or the 400 for a header that is no digest.</summary>
    /// <param name="request">The request.</param>
    /// <param name="digestField">
    /// Which field of RFC 9530 speaks of the file: <c>Content-Digest</c> where the body is the file itself, <c>Repr-Digest</c> where the
    /// file comes later, null where neither does.
    /// </param>
    /// <param name="expected">What is expected.</param>
    /// <param name="problem">What is wrong with a header.</param>
    public static bool TryRead(
        HttpRequest request, string? digestField, out ExpectedContent expected, [NotNullWhen(false)] out ApiError? problem)
    {
        expected = ExpectedContent.Anything;
        problem = null;
        foreach (var (header, digits) in new[] { ("X-Checksum-Md5", 32), ("X-Checksum-Sha1", 40), ("X-Checksum-Sha256", 64), ("X-Checksum-Sha512", 128) })
        {
            var value = request.Headers[header].ToString().Trim();
            if (value.Length == 0) continue;
            if (value.Length != digits || !value.All(char.IsAsciiHexDigit))
            {
                problem = ApiError.Invalid($"{header} is invalid");
                return false;
            }
            expected = With(expected, digits, value);
        }
        return digestField is null || TryReadDigestField(request, digestField, ref expected, out problem);
    }

    // A dictionary of byte sequences: sha-256=:base64:, sha-512=:base64:. Algorithms that are unknown are ignored, as the RFC asks.
    private static bool TryReadDigestField(
        HttpRequest request, string field, ref ExpectedContent expected, [NotNullWhen(false)] out ApiError? problem)
    {
        problem = null;
        foreach (var member in request.Headers[field].ToString().Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = member.IndexOf('=', StringComparison.Ordinal);
            var algorithm = equals < 0 ? member : member[..equals];
            if (algorithm is not ("sha-256" or "sha-512")) continue;
            var value = equals < 0 ? "" : member[(equals + 1)..];
            var bytes = new byte[64];
            if (value.Length < 2 || value[0] != ':' || value[^1] != ':'
                || !Convert.TryFromBase64String(value[1..^1], bytes, out var count) || count != (algorithm == "sha-256" ? 32 : 64))
            {
                problem = ApiError.Invalid($"{field} is invalid");
                return false;
            }
            expected = With(expected, count * 2, Convert.ToHexStringLower(bytes.AsSpan(0, count)));
        }
        return true;
    }

    private static ExpectedContent With(ExpectedContent expected, int digits, string value) => digits switch
    {
        32 => expected with { Md5 = value },
        40 => expected with { Sha1 = value },
        64 => expected with { Sha256 = value },
        _ => expected with { Sha512 = value },
    };
}
