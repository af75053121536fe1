namespace Metering.Grains.Journal;

/// <summary>An activation that has its account's part of the journal open.</summary>
internal interface IJournalOwner
{
    /// <summary>The part is lost: leave, so that the next call finds an activation that has read the truth. Comes on any thread.</summary>
    void JournalLost();
}
