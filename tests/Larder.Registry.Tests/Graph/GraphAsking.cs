using System.Net.Http.Json;
using Larder.Testing;

namespace Larder.Registry.Tests.Graph;

/// <summary>Asking by GraphQL in one line.</summary>
internal static class GraphAsking
{
    public static async Task<Answer> AskGraphAsync(
        this HttpClient client, string query, CancellationToken cancellationToken, object? variables = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/graphql") { Content = JsonContent.Create(new { query, variables }) };
        return await client.AskAsync(request, cancellationToken);
    }
}
