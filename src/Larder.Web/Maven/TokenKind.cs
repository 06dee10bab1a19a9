namespace Larder.Web.Maven;

/// <summary>How a client of a virtual registry shows its token: each kind has a header of its own.</summary>
/// <param name="Word">In addresses of pages.</param>
/// <param name="Header">The header (Maven contract section 1.4).</param>
/// <param name="Variable">The variable of the environment that the lines take the token from.</param>
/// <param name="Text">For people.</param>
public sealed record TokenKind(string Word, string Header, string Variable, string Text)
{
    /// <summary>All of them; the first where nobody has chosen.</summary>
    public static IReadOnlyList<TokenKind> All { get; } =
    [
        new("access", "Private-Token", "LARDER_TOKEN", "an access token of a person, project or group"),
        new("deploy", "Deploy-Token", "LARDER_TOKEN", "a deploy token of the group"),
        new("job", "Job-Token", "CI_JOB_TOKEN", "a job token"),
    ];

    /// <summary>The kind of this word, or the first.</summary>
    public static TokenKind Of(string? word) => All.FirstOrDefault(kind => kind.Word == word) ?? All[0];
}
