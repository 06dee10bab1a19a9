using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Larder.Registry.Access;

/// <summary>The SHA-256 of a token: all that is ever kept of it, and what it is looked up by.</summary>
public readonly record struct TokenDigest
{
    private const int LongestOnStack = 512;
    private readonly (ulong, ulong, ulong, ulong) words;

    private TokenDigest(ReadOnlySpan<byte> bytes) => words = (
        BinaryPrimitives.ReadUInt64BigEndian(bytes), BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]),
        BinaryPrimitives.ReadUInt64BigEndian(bytes[16..]), BinaryPrimitives.ReadUInt64BigEndian(bytes[24..]));

    /// <summary>64 lower-case hexadecimal digits.</summary>
    public string Hex => $"{words.Item1:x16}{words.Item2:x16}{words.Item3:x16}{words.Item4:x16}";

    /// <summary>The digest of any text: tokens are never judged by their shape.</summary>
    public static TokenDigest Of(string token)
    {
        var length = Encoding.UTF8.GetMaxByteCount(token.Length);
        var bytes = length <= LongestOnStack ? stackalloc byte[length] : new byte[length];
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(bytes[..Encoding.UTF8.GetBytes(token, bytes)], digest);
        return new TokenDigest(digest);
    }
}

/// <summary>Makes the text of new tokens.</summary>
public static class TokenText
{
    private const int RandomBytes = 24;

    /// <summary>A new personal access token: <c>glpat-</c> and 32 URL-safe characters, 192 bits of chance.</summary>
    public static string PersonalAccessToken() => New("glpat-");

    /// <summary>A new deploy token: <c>gldt-</c> and the same.</summary>
    public static string DeployToken() => New("gldt-");

    /// <summary>A new job token: <c>glcbt-</c> and the same.</summary>
    public static string JobToken() => New("glcbt-");

    private static string New(string prefix) => prefix + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(RandomBytes));
}
