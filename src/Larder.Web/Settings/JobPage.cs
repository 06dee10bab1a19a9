using System.Text.Json;
using Larder.Registry.Access;
using Larder.Registry.Namespaces;
using Microsoft.AspNetCore.Http;

namespace Larder.Web.Settings;

/// <summary>A trust rule as its page shows it.</summary>
/// <param name="Rule">The row.</param>
/// <param name="Username">With whose rights its jobs work.</param>
/// <param name="Claims">What a statement must say: names and patterns.</param>
public sealed record TrustRuleRow(TrustRule Rule, string Username, IReadOnlyList<KeyValuePair<string, string>> Claims);

/// <summary>The job tokens of a project, and which other CI jobs may use it: those of other projects, and those that an issuer vouches for.</summary>
internal static class JobPage
{
    private const string Tokens = "/job_tokens";
    private const string Rules = "/job_token_trust_rules";
    private const string Allowlist = "/job_token_scope/allowlist";

    // What runs now is few; a list of all that a busy project has minted within a week would be nobody's to read.
    private const int MostTokens = 50;

    public static SettingsPage Page { get; } = new("jobs", "CI jobs", ShowAsync)
    {
        InProject = Permission.ManageJobTokens,
        Actions = new Dictionary<string, SettingsAction>
        {
            ["mint"] = new(MintAsync),
            ["end"] = new(EndAsync, "The job token is ended."),
            ["allow"] = new(AllowAsync, "The jobs of that project are let in."),
            ["disallow"] = new(DisallowAsync, "The jobs of that project are shut out."),
            ["trust"] = new(TrustAsync, "The rule is added."),
            ["distrust"] = new(DistrustAsync, "The rule is removed."),
        },
    };

    private static async Task<IResult> ShowAsync(SettingsVisit visit)
    {
        var query = await ListQuery.ReadAsync(visit.Context);
        var (allowed, total) = await visit.Get<JobTokenAllowlist>().ListAsync(visit.Place.Id, query.Page, visit.Cancel);
        var visible = new List<Project>();
        foreach (var project in allowed)
            if (await visit.Get<Gate>().AllowsAsync(visit.Caller, Permission.ReadProject, project, visit.Cancel)) visible.Add(project);
        var (running, _) = await visit.Get<JobTokenStore>().ListAsync(visit.Place.Id, new Registry.Http.Page(1, MostTokens + 1), visit.Cancel);
        return visit.Page<JobsView>(
            ("Tokens", running.Take(MostTokens).ToList()), ("HasMoreTokens", running.Count > MostTokens),
            ("Project", visit.Place.Project), ("Allowed", visible), ("Hidden", allowed.Count - visible.Count), ("Pages", query.Pages(visit.Context, total)),
            ("Rules", await RulesAsync(visit)), ("Levels", await visit.GrantableAsync()));
    }

    private static async Task<List<TrustRuleRow>> RulesAsync(SettingsVisit visit)
    {
        var (rows, names) = (new List<TrustRuleRow>(), new Dictionary<long, string>());
        foreach (var rule in await visit.Get<TrustRuleStore>().ListAsync(visit.Place.Id, visit.Cancel))
        {
            if (!names.TryGetValue(rule.UserId, out var name))
                names[rule.UserId] = name = (await visit.Get<UserStore>().FindAsync(rule.UserId, visit.Cancel))?.Username ?? "";
            rows.Add(new(rule, name, [.. JsonSerializer.Deserialize<Dictionary<string, string>>(rule.Claims)!]));
        }
        return rows;
    }

    private static async Task<SettingsResult> MintAsync(SettingsVisit visit, PageForm form)
    {
        var outcome = await visit.RunHereAsync("POST", Tokens, new { expires_in = form["expires_in"] });
        if (outcome.Succeeded) visit.Reveal("A job token", outcome.Body.GetProperty("token").GetString()!);
        return outcome;
    }

    private static async Task<SettingsResult> EndAsync(SettingsVisit visit, PageForm form) =>
        await visit.RunHereAsync("DELETE", $"{Tokens}/{{token_id}}", null, ("token_id", form["id"]));

    private static async Task<SettingsResult> AllowAsync(SettingsVisit visit, PageForm form)
    {
        var target = await visit.Get<ProjectStore>().FindAsync(form["project"], visit.Cancel);
        var outcome = await visit.RunHereAsync("POST", Allowlist, new { target_project_id = target?.Id ?? 0 });
        return outcome.Status switch
        {
            StatusCodes.Status404NotFound => new SettingsResult(FormErrors.Of("project", "is none that you may see")),
            StatusCodes.Status400BadRequest => new SettingsResult(FormErrors.Of("project", "is let in already")),
            _ => outcome,
        };
    }

    private static async Task<SettingsResult> DisallowAsync(SettingsVisit visit, PageForm form) =>
        await visit.RunHereAsync("DELETE", $"{Allowlist}/{{target_project_id}}", null, ("target_project_id", form["id"]));

    private static async Task<SettingsResult> TrustAsync(SettingsVisit visit, PageForm form)
    {
        var claims = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var line in form.Exact("claims").Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var sign = line.IndexOf('=', StringComparison.Ordinal);
            if (sign < 1) return new(FormErrors.Of("claims", "must be one name=value on each line"));
            claims[line[..sign].TrimEnd()] = line[(sign + 1)..].TrimStart();
        }
        var outcome = await visit.RunHereAsync("POST", Rules, new
        {
            issuer = form["issuer"], audience = form["audience"], claims, access_level = form["access_level"],
        });
        return outcome;
    }

    private static async Task<SettingsResult> DistrustAsync(SettingsVisit visit, PageForm form) =>
        await visit.RunHereAsync("DELETE", $"{Rules}/{{rule_id}}", null, ("rule_id", form["id"]));
}
