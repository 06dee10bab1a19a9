using Larder.Registry.Access;
using Larder.Registry.Http;

namespace Larder.Registry.Namespaces;

/// <summary>Access levels as parameters.</summary>
internal static class Levels
{
    /// <summary><c>min_access_level</c>; none when left out.</summary>
    public static AccessLevel Minimum(ApiParameters parameters)
    {
        if (parameters.Number("min_access_level") is not { } number) return AccessLevel.None;
        if (TryLevel(number, out var level)) return level;
        parameters.Problem("min_access_level does not have a valid value");
        return AccessLevel.None;
    }

    /// <summary>Whether there is a level of this number that one can have.</summary>
    public static bool TryLevel(long number, out AccessLevel level)
    {
        level = number is > 0 and <= int.MaxValue ? (AccessLevel)number : AccessLevel.None;
        return level != AccessLevel.None && Enum.IsDefined(level);
    }
}

/// <summary>The longest texts that a row keeps.</summary>
internal static class Texts
{
    private const int LongestName = 255;

    /// <summary>GitLab's 400 when a name is too long, else null.</summary>
    public static ApiError? TooLong(string field, string name) =>
        name.Length > LongestName ? ApiError.Model(field, $"is too long (maximum is {LongestName} characters)") : null;
}
