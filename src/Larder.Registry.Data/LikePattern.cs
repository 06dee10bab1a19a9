namespace Larder.Registry.Data;

/// <summary>Patterns for <c>like @Pattern escape '\'</c>.</summary>
public static class LikePattern
{
    /// <summary>
    /// Matches what contains the text, which is lower-cased: the statement compares it with <c>lower(column)</c>. Null for
    /// no text.
    /// </summary>
    public static string? Containing(string? text) => string.IsNullOrEmpty(text)
        ? null
        : $"%{Literal(text)}%";

    /// <summary>Matches what is like the text as a whole, in which <c>*</c> stands for any characters or none; as lower-cased.</summary>
    public static string WithStars(string text) => Literal(text).Replace('*', '%');

    private static string Literal(string text) => text.ToLowerInvariant().Replace("\\", "\\\\", StringComparison.Ordinal)
        .Replace("%", "\\%", StringComparison.Ordinal).Replace("_", "\\_", StringComparison.Ordinal);
}
