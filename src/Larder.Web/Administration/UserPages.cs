using System.Globalization;
using Larder.Registry;
using Larder.Registry.Access;
using Larder.Registry.Namespaces;
using Larder.Web.Settings;
using Larder.Web.SigningIn;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Larder.Web.Administration;

/// <summary>Users: listed, made, changed. Every change is the API's own operation.</summary>
internal static class UserPages
{
    private const string OneUser = "/api/v4/users/{id}";

    // What the forms on the page of a user ask for.
    private static readonly Dictionary<string, (string Verb, string Pattern, Func<PageForm, object?> Json)> Actions = new()
    {
        ["change"] = ("PUT", OneUser, form => Filled(form, "username", "name", "email", "extern_uid")),
        ["password"] = ("PUT", OneUser, form => new { password = form.Exact("password") }),
        ["promote"] = ("PUT", OneUser, _ => new { admin = true }),
        ["demote"] = ("PUT", OneUser, _ => new { admin = false }),
        ["block"] = ("POST", $"{OneUser}/block", _ => null),
        ["unblock"] = ("POST", $"{OneUser}/unblock", _ => null),
        ["delete"] = ("DELETE", OneUser, _ => null),
    };

    public static void Map(IEndpointRouteBuilder admin)
    {
        admin.MapGet(AdminLinks.Users, ListAsync);
        admin.MapGet(AdminLinks.NewUser, (HttpContext context, LarderOptions options) => ShowNew(context, options, Attempt.None));
        admin.MapPost(AdminLinks.NewUser, CreateAsync);
        admin.MapGet($"{AdminLinks.Users}/{{id:long}}", (HttpContext context, long id) => ShowAsync(context, id, Attempt.None));
        admin.MapPost($"{AdminLinks.Users}/{{id:long}}", ChangeAsync);
    }

    private static async Task<IResult> ListAsync(HttpContext context, UserStore users, CancellationToken cancellationToken)
    {
        var query = await ListQuery.ReadAsync(context);
        var which = query.Parameters.OneOf("which", "blocked", "admins") ?? "";
        var filter = new UserFilter(null, query.Search, which == "blocked" ? UserState.Blocked : null, WithoutBots: true, AdminsOnly: which == "admins");
        var (found, total) = await users.ListAsync(filter, query.Page, cancellationToken);
        return context.Page<UsersPage>(StatusCodes.Status200OK, ("Users", found), ("Search", query.Search ?? ""), ("Which", which),
            ("Pages", query.Pages(context, total)));
    }

    private static async Task<IResult> CreateAsync(HttpContext context, LarderOptions options, ApiOperation api)
    {
        var (form, refusal) = await PageForm.ReadAsync(context, options);
        if (form is null) return refusal!;
        var json = Filled(form, "username", "name", "email", "extern_uid");
        if (form.Exact("password").Length > 0) json["password"] = form.Exact("password");
        json["admin"] = form["admin"].Length > 0;
        var outcome = await api.RunAsync(context, "POST", "/api/v4/users", json: json);
        return outcome.Succeeded
            ? context.SeeOther(AdminLinks.User(outcome.Body.GetProperty("id").GetInt64()))
            : ShowNew(context, options, new Attempt(form, outcome.Errors));
    }

    private static async Task<IResult> ChangeAsync(HttpContext context, long id, LarderOptions options, ApiOperation api, RevealedOnce revealed)
    {
        var (form, refusal) = await PageForm.ReadAsync(context, options);
        if (form is null) return refusal!;
        var (asked, address) = (form["do"], AdminLinks.User(id));
        OperationOutcome outcome;
        if (asked == "token")
        {
            outcome = await api.RunAsync(context, "POST", "/api/v4/users/{user_id}/personal_access_tokens",
                new Dictionary<string, object> { ["user_id"] = id }, TokenForms.Json(form));
            if (outcome.Succeeded)
                revealed.Put(context, address, new NewSecret(outcome.Body.GetProperty("name").GetString()!, outcome.Body.GetProperty("token").GetString()!));
        }
        else if (Actions.TryGetValue(asked, out var action))
            outcome = await api.RunAsync(context, action.Verb, action.Pattern, new Dictionary<string, object> { ["id"] = id }, action.Json(form));
        else
            return PageForm.Strange(context);
        if (!outcome.Succeeded) return await ShowAsync(context, id, new Attempt(form, outcome.Errors));
        return context.SeeOther(asked == "delete" ? AdminLinks.Users : address);
    }

    private static IResult ShowNew(HttpContext context, LarderOptions options, Attempt attempt) => context.Page<NewUserPage>(
        attempt == Attempt.None ? StatusCodes.Status200OK : StatusCodes.Status422UnprocessableEntity,
        ("Attempt", attempt), ("HasProvider", options.SignIn.OpenIdConnect.IsConfigured));

    private static async Task<IResult> ShowAsync(HttpContext context, long id, Attempt attempt)
    {
        T Get<T>() => (T)context.RequestServices.GetService(typeof(T))!;
        if (await Get<UserStore>().FindAsync(id, context.RequestAborted) is not { } user) return context.NoSuchPage();
        var openId = Get<LarderOptions>().SignIn.OpenIdConnect;
        var subject = openId.IsConfigured ? await Get<IdentityStore>().FindSubjectAsync(openId.Authority, id, context.RequestAborted) : null;
        return context.Page<UserPage>(attempt == Attempt.None ? StatusCodes.Status200OK : StatusCodes.Status422UnprocessableEntity,
            ("User", user), ("Attempt", attempt), ("HasProvider", openId.IsConfigured), ("Subject", subject ?? ""),
            ("IsOneself", context.Caller().UserId == id), ("NewSecret", Get<RevealedOnce>().Take(context, AdminLinks.User(id))),
            ("Tomorrow", Get<TimeProvider>().GetUtcNow().AddDays(1).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)));
    }

    // What was left empty is not asked for.
    private static Dictionary<string, object?> Filled(PageForm form, params string[] fields) =>
        fields.Where(field => form[field].Length > 0).ToDictionary(field => field, field => (object?)form[field]);
}
