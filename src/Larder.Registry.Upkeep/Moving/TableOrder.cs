using Larder.Registry.Data;

namespace Larder.Registry.Upkeep.Moving;

/// <summary>
/// In which order tables are filled, so that no row comes before one that it names. Where they name each other in a circle
/// (users and projects, groups and their parents) some columns that may be null are <see cref="Later"/>: null at first, and
/// set when all rows are there.
/// </summary>
internal sealed class TableOrder
{
    private readonly Dictionary<string, HashSet<string>> later = [];

    /// <exception cref="InvalidOperationException">Tables require each other: nobody can fill them.</exception>
    public TableOrder(IReadOnlyList<Table> all)
    {
        var left = all.ToDictionary(table => table.Name);
        var placed = new List<Table>();
        while (left.Count > 0)
        {
            var next = left.Values.FirstOrDefault(table => !table.References.Any(reference => left.ContainsKey(reference.Table)))
                ?? left.Values.FirstOrDefault(table => !table.References.Any(reference => left.ContainsKey(reference.Table) && IsRequired(table, reference)))
                ?? throw new InvalidOperationException($"The tables {string.Join(", ", left.Keys)} require each other.");
            later[next.Name] = [.. next.References.Where(reference => left.ContainsKey(reference.Table)).Select(reference => reference.Column)];
            placed.Add(next);
            left.Remove(next.Name);
        }
        Tables = placed;
    }

    /// <summary>The tables, in that order.</summary>
    public IReadOnlyList<Table> Tables { get; }

    /// <summary>The columns that are set when all rows are there.</summary>
    public IReadOnlySet<string> Later(Table table) => later[table.Name];

    private static bool IsRequired(Table table, Reference reference) =>
        table.Columns.Single(column => column.Name == reference.Column).IsRequired;
}
