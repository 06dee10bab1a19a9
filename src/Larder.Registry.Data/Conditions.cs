namespace Larder.Registry.Data;

/// <summary>The where clause of a listing whose filters are optional.</summary>
public static class Conditions
{
    /// <summary>The conditions that are not null, all of which must hold; nothing when there are none.</summary>
    public static string All(params IEnumerable<string?> conditions)
    {
        var given = conditions.Where(condition => condition is not null).ToList();
        return given.Count == 0 ? "" : $"where {string.Join(" and ", given)}";
    }
}
