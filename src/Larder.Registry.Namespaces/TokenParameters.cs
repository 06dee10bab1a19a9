using Larder.Registry.Access;
using Larder.Registry.Http;

namespace Larder.Registry.Namespaces;

/// <summary>What the calls that make and list tokens take.</summary>
internal static class TokenParameters
{
    private const int DaysOfNew = 365;
    private const int DaysOfRotated = 7;

    /// <summary><c>scopes</c>: at least one of the names that this kind of token may have.</summary>
    public static IReadOnlyList<string> Scopes(ApiParameters parameters, IReadOnlyCollection<string> allowed)
    {
        var scopes = parameters.List("scopes");
        if (scopes is null) parameters.Problem("scopes is missing");
        else if (scopes.Count == 0) parameters.Problem("scopes is empty");
        else if (!scopes.All(allowed.Contains)) parameters.Problem("scopes does not have a valid value");
        return scopes?.Distinct().ToList() ?? [];
    }

    /// <summary><c>expires_at</c> of a new access token: in a year unless it says otherwise.</summary>
    public static long ExpiryOfNew(ApiParameters parameters, TimeProvider time) => Expiry(parameters, time, DaysOfNew);

    /// <summary><c>expires_at</c> of one that replaces another: in a week unless it says otherwise.</summary>
    public static long ExpiryOfRotated(ApiParameters parameters, TimeProvider time) => Expiry(parameters, time, DaysOfRotated);

    /// <summary>The filters that every listing of access tokens has.</summary>
    public static TokenFilter Filter(ApiParameters parameters) => new()
    {
        Active = parameters.OneOf("state", "active", "inactive") switch { "active" => true, "inactive" => false, _ => null },
        Revoked = parameters.Flag("revoked"),
        Search = parameters.Text("search"),
        CreatedAfter = parameters.Instant("created_after"),
        CreatedBefore = parameters.Instant("created_before"),
        LastUsedAfter = parameters.Instant("last_used_after"),
        LastUsedBefore = parameters.Instant("last_used_before"),
        ExpiresAfter = ApiJson.Midnight(parameters.Day("expires_after")),
        ExpiresBefore = ApiJson.Midnight(parameters.Day("expires_before")),
        Sort = parameters.OneOf("sort", [.. TokenFilter.Orders]),
    };

    private static long Expiry(ApiParameters parameters, TimeProvider time, int days) =>
        ApiJson.Midnight(parameters.Day("expires_at") ?? DateOnly.FromDateTime(time.GetUtcNow().UtcDateTime).AddDays(days))!.Value;
}
