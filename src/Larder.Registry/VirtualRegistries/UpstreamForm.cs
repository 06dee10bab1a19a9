using Larder.Registry.Http;
using Larder.Storage.Upstreams;

namespace Larder.Registry.VirtualRegistries;

/// <summary>What a caller sent for an upstream, as sent.</summary>
internal sealed record UpstreamInput(
    string Url, string Name, string? Description, string? Username, string? Password,
    long? CacheValidityHours, long? MetadataCacheValidityHours)
{
    /// <summary>Reads what creating one takes; what is wrong goes into the parameters' problems.</summary>
    public static UpstreamInput ForCreation(ApiParameters parameters)
    {
        var input = new UpstreamInput(
            parameters.RequiredText("url"), parameters.RequiredText("name"), parameters.Text("description"),
            parameters.Text("username"), parameters.Text("password"),
            parameters.Number("cache_validity_hours"), parameters.Number("metadata_cache_validity_hours"));
        if (input.Username is null != (input.Password is null)) parameters.Problem("username, password provide all or none of parameters");
        return input;
    }
}

/// <summary>The rules that an upstream must keep (Maven contract section 1.6): the last word before it becomes a row.</summary>
internal sealed class UpstreamForm(UpstreamStore upstreams, UpstreamPasswords passwords, AddressGuard guard)
{
    private const int LongestName = 255;
    private const int LongestDescription = 1024;
    private const int LongestCredential = 510;
    private const int DefaultValidityHours = 24;

    /// <summary>What to store, or GitLab's 400 that names every broken rule.</summary>
    public async Task<(UpstreamSettings? Settings, ApiError? Error)> CheckAsync(
        long groupId, UpstreamInput input, CancellationToken cancellationToken)
    {
        var broken = new Dictionary<string, string[]>();
        var (url, urlProblem) = UpstreamUrl.Normalize(input.Url);
        urlProblem ??= await BlockedAsync(new Uri(url!), cancellationToken);
        if (urlProblem is not null) broken["url"] = [urlProblem];
        Bound("name", input.Name, LongestName);
        Bound("description", input.Description, LongestDescription);
        Bound("username", input.Username, LongestCredential);
        Bound("password", input.Password, LongestCredential);
        // Both empty means anonymous; one of them alone is a mistake that would otherwise show as 401 much later.
        var (username, password) = (Filled(input.Username), Filled(input.Password));
        if (username is null && password is not null) broken["username"] = ["can't be blank"];
        if (username is not null && password is null) broken["password"] = ["can't be blank"];
        if (input.CacheValidityHours < 0) broken["cache_validity_hours"] = ["must be greater than or equal to 0"];
        if (input.MetadataCacheValidityHours <= 0) broken["metadata_cache_validity_hours"] = ["must be greater than 0"];
        if (broken.Count == 0 && await IsTakenAsync(groupId, url!, username, password, cancellationToken))
            broken["group"] = ["already has a remote upstream with the same url and credentials"];
        if (broken.Count > 0) return (null, ApiError.Model(broken));
        return (new UpstreamSettings(input.Name, input.Description, url!, username, passwords.Protect(password),
            UpstreamUrl.IsImmutable(url!) ? 0 : input.CacheValidityHours ?? DefaultValidityHours,
            input.MetadataCacheValidityHours ?? DefaultValidityHours), null);

        void Bound(string field, string? value, int longest)
        {
            if (value?.Length > longest) broken[field] = [$"is too long (maximum is {longest} characters)"];
        }
    }

    private async Task<string?> BlockedAsync(Uri url, CancellationToken cancellationToken) =>
        await guard.CheckAsync(url.IdnHost, url.Port, cancellationToken) switch
        {
            AddressVerdict.Allowed => null,
            AddressVerdict.Loopback => "is blocked: Requests to localhost are not allowed",
            AddressVerdict.LinkLocal => "is blocked: Requests to the link local network are not allowed",
            AddressVerdict.Private => "is blocked: Requests to the local network are not allowed",
            _ => "is blocked: Host cannot be resolved or invalid",
        };

    // http and https are one place; the same place with other credentials is another upstream.
    private async Task<bool> IsTakenAsync(
        long groupId, string url, string? username, string? password, CancellationToken cancellationToken) =>
        (await upstreams.InGroupAsync(groupId, cancellationToken)).Any(other =>
            WithoutScheme(other.Url) == WithoutScheme(url) && other.Username == username && passwords.Reveal(other.Password) == password);

    private static string WithoutScheme(string url) => url[(url.IndexOf("://", StringComparison.Ordinal) + 3)..];

    private static string? Filled(string? text) => string.IsNullOrEmpty(text) ? null : text;
}
