using System.Globalization;
using System.Text;
using GraphQL;
using GraphQL.Types;
using Larder.Registry.Http;

namespace Larder.Registry.Graph;

/// <summary>A part of a list, with how many there are in all.</summary>
/// <param name="Items">The part.</param>
/// <param name="Offset">How many there are before it.</param>
/// <param name="Total">How many there are; stops at <see cref="Page.CountLimit"/>.</param>
/// <param name="HasMore">Whether there are more behind it.</param>
internal sealed record Slice<T>(IReadOnlyList<T> Items, long Offset, long Total, bool HasMore);

/// <summary>Which part of a list is wanted: <c>first</c> rows behind a cursor. A cursor is the number of rows before it.</summary>
internal readonly record struct Paging(long Offset, int Size)
{
    /// <summary>The most rows of a part, and how many there are when nobody says.</summary>
    public const int LargestSize = 100;

    public static void AddArguments<TSource, TReturn>(GraphQL.Builders.FieldBuilder<TSource, TReturn> field) =>
        field.Argument<IntGraphType>("first").Argument<StringGraphType>("after");

    public static Paging Read(IResolveFieldContext context)
    {
        var first = context.GetArgument<int?>("first") ?? LargestSize;
        if (first < 0) throw new ExecutionError("`first` must not be negative");
        var offset = context.GetArgument<string?>("after") is { Length: > 0 } after ? Read(after) : 0;
        return new Paging(offset, Math.Clamp(first, 1, LargestSize));
    }

    public static string Cursor(long offset) =>
        Convert.ToBase64String(Encoding.ASCII.GetBytes(offset.ToString(CultureInfo.InvariantCulture)));

    /// <summary>
    /// The part, from a listing that knows whole pages only: it lies on one of them, or on two where a client has changed its
    /// <c>first</c> on the way.
    /// </summary>
    public async Task<Slice<T>> ReadAsync<T>(Func<Page, Task<(IReadOnlyList<T> Rows, long Total)>> list)
    {
        var number = (int)Math.Min(Offset / Size + 1, int.MaxValue - 1);
        var skipped = (int)(Offset % Size);
        var (rows, total) = await list(new Page(number, Size));
        var full = rows.Count == Size;
        if (skipped > 0)
        {
            var rest = full ? (await list(new Page(number + 1, Size))).Rows : [];
            full = skipped <= rest.Count;
            rows = [.. rows.Skip(skipped), .. rest.Take(skipped)];
        }
        // Where there are too many to count, only a part that is not full tells that it is the last.
        var hasMore = total < Page.CountLimit ? Offset + rows.Count < total : full;
        return new Slice<T>(rows, Offset, total, hasMore);
    }

    private static long Read(string cursor)
    {
        var bytes = new byte[cursor.Length];
        if (Convert.TryFromBase64String(cursor, bytes, out var length)
            && long.TryParse(Encoding.ASCII.GetString(bytes, 0, length), NumberStyles.None, CultureInfo.InvariantCulture, out var offset)
            && offset <= int.MaxValue)
            return offset;
        throw new ExecutionError("Invalid cursor");
    }
}

/// <summary>A part of a list as GraphQL shows it.</summary>
internal abstract class ConnectionGraph<TNode, T> : ObjectGraphType<Slice<T>> where TNode : IGraphType
{
    protected ConnectionGraph(string node)
    {
        Name = $"{node}Connection";
        Field<NonNullGraphType<IntGraphType>>("count").Resolve(context => context.Source.Total);
        Field<ListGraphType<TNode>>("nodes").Resolve(context => context.Source.Items);
        var edge = new ObjectGraphType<(string Cursor, T Node)> { Name = $"{node}Edge" };
        edge.Field<NonNullGraphType<StringGraphType>>("cursor").Resolve(context => context.Source.Cursor);
        edge.Field<TNode>("node").Resolve(context => context.Source.Node);
        Field("edges", new ListGraphType(edge)).Resolve(context =>
            context.Source.Items.Select((item, index) => (Paging.Cursor(context.Source.Offset + index + 1), item)));
        Field<NonNullGraphType<PageInfoGraph>>("pageInfo").Resolve(context => new PageInfo(
            context.Source.HasMore, context.Source.Offset > 0,
            context.Source.Items.Count == 0 ? null : Paging.Cursor(context.Source.Offset + 1),
            context.Source.Items.Count == 0 ? null : Paging.Cursor(context.Source.Offset + context.Source.Items.Count)));
    }
}

/// <summary>Where a part of a list lies.</summary>
internal sealed record PageInfo(bool HasNextPage, bool HasPreviousPage, string? StartCursor, string? EndCursor);

/// <summary>The same as GraphQL shows it.</summary>
internal sealed class PageInfoGraph : ObjectGraphType<PageInfo>
{
    public PageInfoGraph()
    {
        Name = "PageInfo";
        Field<NonNullGraphType<BooleanGraphType>>("hasNextPage").Resolve(context => context.Source.HasNextPage);
        Field<NonNullGraphType<BooleanGraphType>>("hasPreviousPage").Resolve(context => context.Source.HasPreviousPage);
        Field<StringGraphType>("startCursor").Resolve(context => context.Source.StartCursor);
        Field<StringGraphType>("endCursor").Resolve(context => context.Source.EndCursor);
    }
}
