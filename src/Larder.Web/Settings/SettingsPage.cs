using Larder.Registry.Access;
using Microsoft.AspNetCore.Http;

namespace Larder.Web.Settings;

/// <summary>
/// A page of settings. Its forms are sent to its own address, so that whatever happens a reader is at an address that can be loaded
/// again; each says in its field <c>do</c> which of <see cref="Actions"/> it wants.
/// </summary>
/// <param name="Segment">The last part of its address; empty for the first page.</param>
/// <param name="Title">In the navigation and as its heading.</param>
/// <param name="ShowAsync">Shows it, with what <see cref="SettingsVisit.Attempt"/> says of a form that was refused.</param>
internal sealed record SettingsPage(string Segment, string Title, Func<SettingsVisit, Task<IResult>> ShowAsync)
{
    /// <summary>Who sees it in a group; null where groups have no such page.</summary>
    public Permission? InGroup { get; init; }

    /// <summary>Who sees it in a project; null where projects have no such page.</summary>
    public Permission? InProject { get; init; }

    /// <summary>What its forms do. Whether one may is for the API to say.</summary>
    public IReadOnlyDictionary<string, SettingsAction> Actions { get; init; } = new Dictionary<string, SettingsAction>();
}

/// <summary>What a form asks for.</summary>
/// <param name="RunAsync">Does it.</param>
/// <param name="Done">What the page says when it is done; empty where that is to be seen anyway.</param>
internal sealed record SettingsAction(Func<SettingsVisit, PageForm, Task<SettingsResult>> RunAsync, string Done = "");

/// <summary>What became of a form.</summary>
/// <param name="Errors">None: it was done.</param>
/// <param name="Next">Where to look then; null for the page of the form.</param>
internal sealed record SettingsResult(FormErrors Errors, string? Next = null)
{
    /// <summary>What an operation of the API has said.</summary>
    public static implicit operator SettingsResult(OperationOutcome outcome) => new(outcome.Errors);
}
