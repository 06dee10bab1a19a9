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
}
