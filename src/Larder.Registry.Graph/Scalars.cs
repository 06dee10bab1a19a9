using System.Globalization;
using GraphQL.Types;
using GraphQLParser.AST;
using Larder.Registry.Http;

namespace Larder.Registry.Graph;

/// <summary>Ids that name their kind: <c>gid://gitlab/Packages::Package/12</c>.</summary>
internal static class GlobalId
{
    public static string Text(string kind, long id) => string.Create(CultureInfo.InvariantCulture, $"gid://gitlab/{kind}/{id}");

    public static bool TryRead(string text, string kind, out long id)
    {
        id = 0;
        var start = $"gid://gitlab/{kind}/";
        return text.StartsWith(start, StringComparison.Ordinal)
            && long.TryParse(text[start.Length..], NumberStyles.None, CultureInfo.InvariantCulture, out id);
    }
}

/// <summary>An id of one kind; fields and arguments see the number.</summary>
internal abstract class GlobalIdGraph : ScalarGraphType
{
    private readonly string kind;

    protected GlobalIdGraph(string name, string kind)
    {
        Name = name;
        this.kind = kind;
    }

    public override object? ParseLiteral(GraphQLValue value) => value switch
    {
        GraphQLNullValue => null,
        GraphQLStringValue text => ParseValue((string)text.Value),
        _ => ThrowLiteralConversionError(value),
    };

    public override object? ParseValue(object? value) => value switch
    {
        null => null,
        string text when GlobalId.TryRead(text, kind, out var id) => id,
        _ => ThrowValueConversionError(value),
    };

    public override object? Serialize(object? value) => value is long id ? GlobalId.Text(kind, id) : ThrowSerializationError(value);
}

/// <summary>The id of a package.</summary>
internal sealed class PackageIdGraph() : GlobalIdGraph("PackagesPackageID", "Packages::Package");

/// <summary>The id of a package file.</summary>
internal sealed class PackageFileIdGraph() : GlobalIdGraph("PackagesPackageFileID", "Packages::PackageFile");

/// <summary>An instant, from Unix milliseconds: <c>2026-01-02T03:04:05Z</c>.</summary>
internal sealed class TimeGraph : ScalarGraphType
{
    public TimeGraph() => Name = "Time";

    public override object? ParseLiteral(GraphQLValue value) => ThrowLiteralConversionError(value);

    public override object? ParseValue(object? value) => ThrowValueConversionError(value);

    public override object? Serialize(object? value) => value switch
    {
        null => null,
        long unix => ApiJson.Instant(unix).UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture),
        _ => ThrowSerializationError(value),
    };
}

/// <summary>A regular expression of a user.</summary>
internal sealed class UntrustedRegexpGraph : StringGraphType
{
    public UntrustedRegexpGraph() => Name = "UntrustedRegexp";
}
