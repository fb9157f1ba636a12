// Lists of things that exist anyway: putting one in or taking one out allocates nothing, and so
// can't fail.
#pragma once

#include <cstddef>

namespace heddle {

// What can be in one list at a time.
template <typename T>
struct Linked {
  T* before = nullptr;
  T* after = nullptr;
};

// A list of Ts, which are Linked<T>; it owns none of them.
template <typename T>
class List {
 public:
  bool empty() const { return first_ == nullptr; }
  size_t size() const { return size_; }
  T& front() const { return *first_; }

  void push_back(T& item) {
    item.before = last_;
    item.after = nullptr;
    (last_ != nullptr ? last_->after : first_) = &item;
    last_ = &item;
    ++size_;
  }

  void push_front(T& item) {
    item.before = nullptr;
    item.after = first_;
    (first_ != nullptr ? first_->before : last_) = &item;
    first_ = &item;
    ++size_;
  }

  void erase(T& item) {
    (item.before != nullptr ? item.before->after : first_) = item.after;
    (item.after != nullptr ? item.after->before : last_) = item.before;
    item.before = item.after = nullptr;
    --size_;
  }

  // The first for which `is_it(item)`, or null.
  template <typename Predicate>
  T* find(Predicate&& is_it) const {
    for (T* item = first_; item != nullptr; item = item->after) {
      if (is_it(*item)) return item;
    }
    return nullptr;
  }

  template <typename Visit>
  void each(Visit&& visit) const {
    for (T* item = first_; item != nullptr;) {
      T* const next = item->after;
      visit(*item);
      item = next;
    }
  }

 private:
  T* first_ = nullptr;
  T* last_ = nullptr;
  size_t size_ = 0;
};

}  // namespace heddle
