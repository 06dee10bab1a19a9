using Larder.Registry.Access;
using Larder.Registry.Audit;
using Larder.Registry.Data;
using Larder.Registry.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Larder.Registry.Namespaces;

/// <summary>GitLab's users API. A password is for the pages; wishes to reset or invent one are accepted and forgotten.</summary>
internal static class UserEndpoints
{
    private const int LongestEmail = 254;

    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapGet("/api/v4/user", CurrentAsync).Requires(Permission.ReadCurrentUser, Surface.Api)
            .Describes("Who is calling.").Answers<UserJson>();
        var users = app.MapGroup("/api/v4/users");
        users.MapGet("", ListAsync).Requires(Permission.ReadUsers, Surface.Api)
            .Describes("Lists users.", ["username", "search", "blocked:boolean", "active:boolean", "without_project_bots:boolean",
                "admins:boolean", ..Page.Parameters])
            .AnswersPage<UserJson, BasicUserJson>();
        users.MapPost("", CreateAsync).Requires(Permission.ManageUsers, Surface.Api)
            .Describes("Makes a user.", "username!", "name!", "email!", "admin:boolean", "password", "extern_uid")
            .Answers<UserJson>(StatusCodes.Status201Created).Audits("user_created");
        users.MapGet("/{id}", GetAsync).Requires(Permission.ReadUsers, Surface.Api)
            .Describes("One user.").Answers<UserJson, BasicUserJson>();
        users.MapPut("/{id}", ChangeAsync).Requires(Permission.ManageUsers, Surface.Api)
            .Describes("Changes a user.", "username", "name", "email", "admin:boolean", "password", "extern_uid")
            .Answers<UserJson>().Audits("user_updated");
        users.MapPost("/{id}/block", BlockAsync).Requires(Permission.ManageUsers, Surface.Api)
            .Describes("Blocks a user: nothing of his lets anybody in.")
            .Answers<bool>(StatusCodes.Status201Created).Audits("user_blocked");
        users.MapPost("/{id}/unblock", UnblockAsync).Requires(Permission.ManageUsers, Surface.Api)
            .Describes("Lets a blocked user in again.")
            .Answers<bool>(StatusCodes.Status201Created).Audits("user_unblocked");
    }

    private static async Task<IResult> CurrentAsync(
        HttpContext context, Gate gate, UserStore users, IdentityStore identities, LarderOptions options, CancellationToken cancellationToken)
    {
        if (await gate.CheckAsync(context) is { } refusal) return refusal;
        var user = context.Caller().UserId is { } id ? await users.FindAsync(id, cancellationToken) : null;
        return user is null ? ApiError.NotFound("User") : ApiJson.Answer((await JsonAsync(context, [user], identities, options)).Single());
    }

    private static async Task<IResult> ListAsync(
        HttpContext context, Gate gate, UserStore users, IdentityStore identities, LarderOptions options, CancellationToken cancellationToken)
    {
        var parameters = await ApiParameters.ReadAsync(context);
        var filter = new UserFilter(parameters.Text("username"), parameters.Text("search"),
            parameters.Flag("blocked") is true ? UserState.Blocked : parameters.Flag("active") is true ? UserState.Active : null,
            parameters.Flag("without_project_bots") is true, parameters.Flag("admins") is true);
        var page = Page.Read(parameters);
        if (parameters.Problems is { } problems) return problems;
        if (await gate.CheckAsync(context) is { } refusal) return refusal;
        var (found, total) = await users.ListAsync(filter, page, cancellationToken);
        page.WriteHeaders(context, total, options.ExternalUrl, found.Count);
        return ApiJson.Answer(await JsonAsync(context, found, identities, options));
    }

    private static async Task<IResult> CreateAsync(
        HttpContext context, Gate gate, UserStore users, IdentityStore identities, LarderOptions options, CancellationToken cancellationToken)
    {
        var parameters = await ApiParameters.ReadAsync(context);
        var made = new NewUser(parameters.RequiredText("username"), parameters.RequiredText("name"), parameters.RequiredText("email"),
            parameters.Flag("admin") ?? false);
        var (password, subject) = (parameters.FilledText("password"), parameters.FilledText("extern_uid"));
        if (parameters.Problems is { } problems) return problems;
        if (await gate.CheckAsync(context) is { } refusal) return refusal;
        if (ProblemOf(made.Username, made.Name, made.Email, password) is { } problem) return problem;
        if (await ProblemOfSubjectAsync(identities, options, subject, userId: null, cancellationToken) is { } other) return other;
        try
        {
            var user = await users.CreateAsync(made with { PasswordHash = HashOf(password) }, cancellationToken);
            if (subject is not null && !await identities.LinkAsync(user.Id, options.SignIn.OpenIdConnect.Authority, subject, cancellationToken)) return SubjectTaken();
            return ApiJson.Answer((await JsonAsync(context, [user], identities, options)).Single(), StatusCodes.Status201Created);
        }
        catch (DuplicateRowException)
        {
            return await TakenAsync(users, made.Username, made.Email, besides: 0, cancellationToken);
        }
    }

    private static async Task<IResult> ChangeAsync(
        HttpContext context, Gate gate, UserStore users, IdentityStore identities, LarderOptions options, CancellationToken cancellationToken)
    {
        if (!RowId.TryRead(context, "id", out var id, out var invalid)) return invalid;
        var parameters = await ApiParameters.ReadAsync(context);
        var (username, name, email) = (parameters.FilledText("username"), parameters.FilledText("name"), parameters.FilledText("email"));
        var (admin, password, subject) = (parameters.Flag("admin"), parameters.FilledText("password"), parameters.FilledText("extern_uid"));
        if (parameters.Problems is { } problems) return problems;
        if (await gate.CheckAsync(context) is { } refusal) return refusal;
        if (await users.FindAsync(id, cancellationToken) is not { } user) return ApiError.NotFound("User");
        // Nobody might be left to give it back.
        if (id == context.Caller().UserId && admin is false) return ApiError.Forbidden();
        var changes = new UserChanges(username ?? user.Username, name ?? user.Name, email ?? user.Email, admin ?? user.IsAdmin);
        if (ProblemOf(changes.Username, changes.Name, changes.Email, password) is { } problem) return problem;
        if (await ProblemOfSubjectAsync(identities, options, subject, id, cancellationToken) is { } other) return other;
        try
        {
            if (subject is not null && !await identities.LinkAsync(id, options.SignIn.OpenIdConnect.Authority, subject, cancellationToken)) return SubjectTaken();
            return await users.ChangeAsync(user, changes with { PasswordHash = HashOf(password) }, cancellationToken) is { } changed
                ? ApiJson.Answer((await JsonAsync(context, [changed], identities, options)).Single())
                : ApiError.NotFound("User");
        }
        catch (DuplicateRowException)
        {
            return await TakenAsync(users, changes.Username, changes.Email, user.Id, cancellationToken);
        }
    }

    private static string? HashOf(string? password) => password is null ? null : Passwords.Hash(password);

    private static ApiError? ProblemOf(string username, string name, string email, string? password) =>
        PathRules.Problem(username, atTop: true) is { } usernameProblem ? ApiError.Model("username", usernameProblem)
        : Texts.TooLong("name", name) is { } tooLong ? tooLong
        : !IsEmail(email) ? ApiError.Model("email", "is invalid")
        : password is not null && Passwords.Problem(password) is { } passwordProblem ? ApiError.Model("password", passwordProblem)
        : null;

    private static ApiError SubjectTaken() => ApiError.Conflict("Extern uid has already been taken");

    // Before anything is made or changed.
    private static async ValueTask<ApiError?> ProblemOfSubjectAsync(
        IdentityStore identities, LarderOptions options, string? subject, long? userId, CancellationToken cancellationToken)
    {
        if (subject is null) return null;
        if (!options.SignIn.OpenIdConnect.IsConfigured) return ApiError.Model("extern_uid", "means nothing: this server has no OpenID provider");
        if (Texts.TooLong("extern_uid", subject) is { } tooLong) return tooLong;
        var there = await identities.FindUserAsync(options.SignIn.OpenIdConnect.Authority, subject, cancellationToken);
        return there is null || there == userId ? null : SubjectTaken();
    }

    private static async ValueTask<ApiError> TakenAsync(
        UserStore users, string username, string email, long besides, CancellationToken cancellationToken) =>
        await users.FindByNameAsync(username, cancellationToken) is { } other && other.Id != besides ? ApiError.Conflict("Username has already been taken")
        : await users.EmailIsTakenAsync(email, besides, cancellationToken) ? ApiError.Conflict("Email has already been taken")
        // A group has this path.
        : ApiError.Model("username", "has already been taken");

    private static async Task<IResult> GetAsync(
        HttpContext context, Gate gate, UserStore users, IdentityStore identities, LarderOptions options, CancellationToken cancellationToken)
    {
        if (!RowId.TryRead(context, "id", out var id, out var invalid)) return invalid;
        if (await gate.CheckAsync(context) is { } refusal) return refusal;
        return await users.FindAsync(id, cancellationToken) is { } user
            ? ApiJson.Answer((await JsonAsync(context, [user], identities, options)).Single())
            : ApiError.NotFound("User");
    }

    private static Task<IResult> BlockAsync(HttpContext context, Gate gate, UserStore users, CancellationToken cancellationToken) =>
        SetStateAsync(context, gate, users, UserState.Blocked, cancellationToken);

    private static Task<IResult> UnblockAsync(HttpContext context, Gate gate, UserStore users, CancellationToken cancellationToken) =>
        SetStateAsync(context, gate, users, UserState.Active, cancellationToken);

    private static async Task<IResult> SetStateAsync(
        HttpContext context, Gate gate, UserStore users, string state, CancellationToken cancellationToken)
    {
        if (!RowId.TryRead(context, "id", out var id, out var invalid)) return invalid;
        if (await gate.CheckAsync(context) is { } refusal) return refusal;
        // Nobody would be left to let it in again.
        if (id == context.Caller().UserId) return ApiError.Forbidden();
        return await users.SetStateAsync(id, state, cancellationToken)
            ? ApiJson.Answer(true, StatusCodes.Status201Created)
            : ApiError.NotFound("User");
    }

    // Everything of each whom the caller may know everything of.
    private static async Task<IEnumerable<object>> JsonAsync(
        HttpContext context, IReadOnlyList<User> users, IdentityStore identities, LarderOptions options)
    {
        var caller = context.Caller();
        var baseUrl = ExternalUrl.Base(context, options.ExternalUrl);
        var known = await identities.OfUsersAsync(users.Where(IsKnown).Select(user => user.Id), context.RequestAborted);
        return [.. users.Select<User, object>(user => IsKnown(user) ? new UserJson(user, known[user.Id], baseUrl) : BasicUserJson.Of(user, baseUrl))];

        bool IsKnown(User user) => caller.IsAdmin || caller.UserId == user.Id;
    }

    private static bool IsEmail(string text)
    {
        var at = text.IndexOf('@', StringComparison.Ordinal);
        return at > 0 && at < text.Length - 1 && text.Length <= LongestEmail && !text.Any(c => char.IsWhiteSpace(c) || char.IsControl(c));
    }
}
