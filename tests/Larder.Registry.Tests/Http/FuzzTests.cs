using System.Net.Http.Json;
using System.Text.RegularExpressions;
using Larder.Testing;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Larder.Registry.Tests.Http;

public sealed class FuzzTestsOnSqlite(SqliteServer fixture) : FuzzTests(fixture.Server), IClassFixture<SqliteServer>;

public sealed class FuzzTestsOnPostgres(PostgresServer fixture) : FuzzTests(fixture.Server), IClassFixture<PostgresServer>;

/// <summary>
/// Every route there is, with values in every parameter that no form would offer: whatever the answer is, it is no bug. Also for
/// routes that are written tomorrow.
/// </summary>
public abstract partial class FuzzTests(LarderServer server)
{
    // Whatever any route reads; a name that a route does not know is passed over.
    private static readonly string[] Parameters =
    [
        "access_level", "active", "admin", "all_available", "cache_validity_hours", "created_after", "description", "email", "expires_after",
        "expires_at", "expires_in", "format", "id_before", "include_subgroups", "include_versionless", "last_used_before",
        "membership", "metadata_cache_validity_hours", "metadata_strategy", "min_access_level", "minimum_access_level_for_push", "name",
        "namespace_id", "order_by", "owned", "package_name", "package_name_pattern", "package_registry_access_level", "package_type",
        "package_version", "page", "pagination", "parent_id", "password", "path", "pattern", "pattern_type", "per_page", "position", "query",
        "registry_id", "revoked", "rule_type", "scopes", "search", "select", "simple", "sort", "state", "status", "target_coordinate",
        "target_project_id", "top_level_only", "upstream_id", "upstream_name", "url", "user_id", "username", "visibility",
        "generic_duplicate_exception_regex", "generic_duplicates_allowed",
    ];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<string> Values => new(
    [
        "", " ", "0", "-1", "1", "true", "null", "[]", "{}", "9223372036854775807", "-9223372036854775808", "9223372036854775808", "1e308",
        "0001-01-01", "9999-12-31", "2026-13-45", "9999-12-31T23:59:59.999Z", "'\"\\%_;--", "../..", "a,b,,c", "*", "(((", "a{1000}{1000}", ".*",
        "http://[::1", "http://a:99999/", "\ud83d\ude00\u202e\u0301\ufffd", "\r\nX: y", "%00%ff",
        string.Join(' ', Enumerable.Repeat("w", 400)), new string('x', 1200), string.Join(',', Enumerable.Repeat("api", 300)),
    ]);

    [Theory]
    [MemberData(nameof(Values))]
    public async Task Value_in_every_parameter_of_every_route_is_no_bug(string value)
    {
        using var client = server.ClientFor(await server.CreateUserAsync(Token, admin: true));
        foreach (var route in server.Services.GetRequiredService<IEnumerable<EndpointDataSource>>().SelectMany(source => source.Endpoints).OfType<RouteEndpoint>())
        {
            if (route.RoutePattern.RawText!.Contains("/self", StringComparison.Ordinal)) continue; // would end the very token that asks
            // A path segment takes any text but none; where it is a number, numbers are tried too.
            var segment = value.Trim().Length is > 0 and < 100 ? Uri.EscapeDataString(value) : "1";
            var path = RouteParameter().Replace(route.RoutePattern.RawText!, segment);
            foreach (var method in route.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods)
            {
                foreach (var inQuery in method is "GET" or "HEAD" or "DELETE" ? [true] : new[] { true, false })
                {
                    using var request = new HttpRequestMessage(new HttpMethod(method), path);
                    if (!inQuery) request.Content = JsonContent.Create(Parameters.ToDictionary(name => name, _ => value));
                    else if (value.Length < 100) request.RequestUri = new Uri($"{path}?{string.Join('&', Parameters.Select(name => $"{name}={Uri.EscapeDataString(value)}"))}", UriKind.Relative);
                    else request.RequestUri = new Uri($"{path}?search={Uri.EscapeDataString(value)}&package_name={Uri.EscapeDataString(value)}&query={Uri.EscapeDataString(value)}", UriKind.Relative);
                    var answer = await client.AskAsync(request, Token);
                    answer.Status.ShouldBeLessThan(500, $"{method} {path} with {value}: {string.Join('\n', server.Log.Where(line => line.Contains(" 7001 ", StringComparison.Ordinal)))}");
                }
            }
        }
        (await client.AskAsync("GET", "/user", Token)).Status.ShouldBe(200); // all this was asked by somebody who may
    }

    [GeneratedRegex(@"\{[^}]*\}", RegexOptions.NonBacktracking)]
    private static partial Regex RouteParameter();
}
