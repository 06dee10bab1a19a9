namespace Larder.Web.Tests;

/// <summary>Files that fall on a page as if from the desktop.</summary>
internal static class DroppedFiles
{
    /// <summary>For <c>EvaluateAsync</c>: the element, then pairs of a name and a text.</summary>
    public const string Script = """
        ([zone, files]) => {
          const transfer = new DataTransfer();
          for (const [name, text] of files) transfer.items.add(new File([text], name));
          zone.dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true }));
        }
        """;
}
