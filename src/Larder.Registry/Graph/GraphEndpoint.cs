using System.Text.Json;
using GraphQL.Transport;
using Larder.Registry.Access;
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
internal static class GraphEndpoint
{
    private const int MostBodyBytes = 256 << 10;

    // Some rules compare every field with every other one: far more than a page of text is nobody's question.
    private const int LongestQuery = 10_000;

    public static void Map(IEndpointRouteBuilder app) =>
        app.MapPost("/api/graphql", AskAsync).Requires(Permission.UseGraph, Surface.Graph);

    private static async Task AskAsync(HttpContext context, GraphExecution execution)
    {
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit) limit.MaxRequestBodySize = MostBodyBytes;
        var (request, problem) = await ReadAsync(context);
        if (problem is not null)
        {
            await ApiError.Graph(StatusCodes.Status400BadRequest, problem).ExecuteAsync(context);
            return;
        }
        context.Response.ContentType = "application/json; charset=utf-8";
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
                _ => (request, null),
            };
        }
        catch (JsonException)
        {
            return (null, "The request body is not a JSON object with a query");
        }
    }
}
