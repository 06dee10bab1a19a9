using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using GraphQL.Transport;
using Larder.Registry.Access;
using Larder.Registry.Audit;
using Larder.Registry.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;

namespace Larder.Registry.Graph;

/// <summary>
/// <c>POST /api/graphql</c> with <c>{"query": …, "variables": …, "operationName": …}</c>. What was understood is answered 200,
/// with <c>errors</c> where something did not go.
/// </summary>
internal static partial class GraphEndpoint
{
    private const int MostBodyBytes = 256 << 10;

    // Some rules compare every field with every other one: far more than a page of text is nobody's question.
    private const int LongestQuery = 10_000;

    public static void Map(IEndpointRouteBuilder app) =>
        app.MapPost("/api/graphql", AskAsync).Requires(Permission.UseGraph, Surface.Graph)
            .Describes("Asks by GraphQL.", "query!", "variables:object", "operationName").Answers<JsonObject>()
            .IsNotAudited("mutations write theirs");

    private static async Task AskAsync(HttpContext context, GraphExecution execution)
    {
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit) limit.MaxRequestBodySize = MostBodyBytes;
        var (request, problem) = await ReadAsync(context);
        if (problem is not null)
        {
            await ApiError.Graph(StatusCodes.Status400BadRequest, problem).ExecuteAsync(context);
            return;
        }
        await execution.RunAsync(context, request!);
    }

    private static async Task<(GraphQLRequest? Request, string? Problem)> ReadAsync(HttpContext context)
    {
        if (!context.Request.HasJsonContentType()) return (null, "The request body must be JSON");
        try
        {
            var request = await GraphExecution.Json.ReadAsync<GraphQLRequest>(context.Request.Body, context.RequestAborted);
            return request?.Query switch
            {
                null or "" => (null, "The request has no query"),
                { Length: > LongestQuery } => (null, $"The query is longer than {LongestQuery} characters"),
                var query when NoText().IsMatch(query) || !IsText(query) || !IsText(request.Variables) => (null, "The request holds what is no text"),
                _ => (request, null),
            };
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // The latter where half a surrogate pair is escaped, or the bytes are not UTF-8.
            return (null, "The request body is not a JSON object with a query");
        }
    }

    private static bool IsText(object? value) => value switch
    {
        string text => UnicodeText.IsValid(text),
        IReadOnlyDictionary<string, object?> members => members.All(member => IsText(member.Key) && IsText(member.Value)),
        IEnumerable<object?> items => items.All(IsText),
        _ => true,
    };

    // Escapes of NUL and of halves of surrogate pairs inside the query's own literals.
    [GeneratedRegex(@"\\u(?:0000|\{0+\}|[dD][89a-fA-F])", RegexOptions.NonBacktracking)]
    private static partial Regex NoText();
}
