using Larder.Registry.Http;
using Larder.Storage.Upstreams;

namespace Larder.Registry.VirtualRegistries;

/// <summary>The rules that an upstream must keep (Maven contract section 1.6): the last word before it becomes a row.</summary>
internal sealed class UpstreamForm(UpstreamPasswords passwords, AddressGuard guard)
{
    private const int LongestName = 255;
    private const int LongestDescription = 1024;
    private const int LongestCredential = 510;
    private const int DefaultValidityHours = 24;

    /// <summary>GitLab's refusal of a second upstream with the same URL and credentials.</summary>
    public static ApiError Taken { get; } = ApiError.Model("group", "already has a remote upstream with the same url and credentials");

    /// <summary>What to store, or GitLab's 400 that names every broken rule but uniqueness, which the store watches.</summary>
    /// <param name="input">What the caller wants.</param>
    /// <param name="before">The upstream that is to be changed; null for a new one.</param>
    /// <param name="cancellationToken">Ends the look-up of the host.</param>
    public async Task<(UpstreamSettings? Settings, ApiError? Error)> CheckAsync(
        UpstreamInput input, Upstream? before, CancellationToken cancellationToken)
    {
        var broken = new Dictionary<string, string[]>();
        var (url, urlProblem) = UpstreamUrl.Normalize(input.Url);
        // An upstream whose host is down just now can still get another name.
        if (url != before?.Url) urlProblem ??= await BlockedAsync(new Uri(url!), cancellationToken);
        if (urlProblem is not null) broken["url"] = [urlProblem];
        Bound("name", input.Name, LongestName);
        Bound("description", input.Description, LongestDescription);
        Bound("username", input.Username, LongestCredential);
        Bound("password", input.Password, LongestCredential);
        // Both empty means anonymous; one of them alone is a mistake that would otherwise show as 401 much later.
        var (username, password) = (Filled(input.Username), input.StoredPassword ?? passwords.Protect(Filled(input.Password)));
        if (username is null && password is not null) broken["username"] = ["can't be blank"];
        if (username is not null && password is null) broken["password"] = ["can't be blank"];
        if (input.CacheValidityHours < 0) broken["cache_validity_hours"] = ["must be greater than or equal to 0"];
        if (input.MetadataCacheValidityHours <= 0) broken["metadata_cache_validity_hours"] = ["must be greater than 0"];
        if (broken.Count > 0) return (null, ApiError.Model(broken));
        var isImmutable = before is null && UpstreamUrl.IsImmutable(url!);
        return (new UpstreamSettings(input.Name, input.Description, url!, username, password,
            isImmutable ? 0 : input.CacheValidityHours ?? DefaultValidityHours,
            input.MetadataCacheValidityHours ?? DefaultValidityHours, input.VerifiesChecksumFiles ?? false), null);

        void Bound(string field, string? value, int longest)
        {
            if (value?.Length > longest) broken[field] = [$"is too long (maximum is {longest} characters)"];
        }
    }

    private async Task<string?> BlockedAsync(Uri url, CancellationToken cancellationToken) =>
        AddressWords.Problem(await guard.CheckAsync(url.IdnHost, url.Port, cancellationToken));

    private static string? Filled(string? text) => string.IsNullOrEmpty(text) ? null : text;
}
