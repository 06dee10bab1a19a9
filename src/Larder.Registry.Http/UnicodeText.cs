using System.Buffers;
using System.Text;

namespace Larder.Registry.Http;

/// <summary>What may come in as text: a NUL is no text to PostgreSQL, nor half a surrogate pair to anybody.</summary>
public static class UnicodeText
{
    /// <summary>Whether it is text; null is.</summary>
    public static bool IsValid(string? text)
    {
        for (var rest = text.AsSpan(); !rest.IsEmpty;)
        {
            if (rest[0] == 0 || Rune.DecodeFromUtf16(rest, out _, out var consumed) != OperationStatus.Done) return false;
            rest = rest[consumed..];
        }
        return true;
    }

    /// <summary>The text, or its beginning where it is longer than that many UTF-16 units; never half a surrogate pair.</summary>
    public static string? Cut(string? text, int longest)
    {
        if (text is null || text.Length <= longest) return text;
        return text[..(char.IsHighSurrogate(text[longest - 1]) ? longest - 1 : longest)];
    }
}
