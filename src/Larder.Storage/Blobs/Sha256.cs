using System.Diagnostics.CodeAnalysis;

namespace Larder.Storage.Blobs;

/// <summary>The SHA-256 of a blob, which is also its name: 64 lower-case hexadecimal digits.</summary>
public readonly record struct Sha256
{
    private readonly string? hex;

    private Sha256(string hex) => this.hex = hex;

    /// <summary>The digits, lower case.</summary>
    public string Hex => hex ?? throw new InvalidOperationException("This digest was never set.");

    /// <summary>Reads 64 hexadecimal digits of either case; anything else is not a digest.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out Sha256 digest)
    {
        digest = default;
        if (text is not { Length: 64 } || !text.All(char.IsAsciiHexDigit)) return false;
        digest = new Sha256(text.ToLowerInvariant());
        return true;
    }

    /// <summary>Reads a digest that the product itself wrote.</summary>
    /// <exception cref="FormatException">The text is not 64 hexadecimal digits.</exception>
    public static Sha256 Parse(string text) =>
        TryParse(text, out var digest) ? digest : throw new FormatException($"'{text}' is not a SHA-256.");

    /// <summary>Makes a digest of its 32 bytes.</summary>
    public static Sha256 FromBytes(ReadOnlySpan<byte> bytes) => bytes.Length == 32
        ? new Sha256(Convert.ToHexStringLower(bytes))
        : throw new ArgumentException("A SHA-256 has 32 bytes.", nameof(bytes));

    /// <summary>The digits.</summary>
    public override string ToString() => Hex;
}
